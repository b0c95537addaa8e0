package org.smemv.node.api;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A host's memory, as S-memV accounts for it.
 *
 * @param name the host
 * @param capacityBytes what S-memV may use
 * @param freeBytes neither used nor reserved
 * @param reservedBytes granted to migrations and not yet used
 * @param usedBytes by VMs that run here and by shares
 * @param vms names of the VMs that run here
 * @param shares memory held for VMs that run elsewhere
 * @param draining it is to be emptied and takes nothing new
 */
public record HostReport(
    String name,
    long capacityBytes,
    long freeBytes,
    long reservedBytes,
    long usedBytes,
    List<String> vms,
    List<Share> shares,
    boolean draining) {
  public HostReport {
    vms = List.copyOf(vms);
    shares = List.copyOf(shares);
  }

  /** A host that takes what is new. */
  public HostReport(
      String name,
      long capacityBytes,
      long freeBytes,
      long reservedBytes,
      long usedBytes,
      List<String> vms,
      List<Share> shares) {
    this(name, capacityBytes, freeBytes, reservedBytes, usedBytes, vms, shares, false);
  }

  /**
   * Pages held for a VM that runs elsewhere.
   *
   * @param vmId the VM
   * @param mainHost where it runs, as far as this host knows
   * @param pages held, with the zero pages
   * @param bytes of memory they take here
   * @param grantedBytes the most they may take
   */
  public record Share(String vmId, String mainHost, long pages, long bytes, long grantedBytes) {
    private Share plus(Share other) {
      return new Share(
          vmId,
          mainHost,
          pages + other.pages,
          bytes + other.bytes,
          grantedBytes + other.grantedBytes);
    }
  }

  /**
   * One row for each VM, in the order of the first: a host may have a share of a VM while what the
   * VM left there before is still being let go.
   */
  public static List<Share> perVm(List<Share> rows) {
    Map<String, Share> perVm = new LinkedHashMap<>();
    rows.forEach(row -> perVm.merge(row.vmId(), row, Share::plus));
    return List.copyOf(perVm.values());
  }
}
