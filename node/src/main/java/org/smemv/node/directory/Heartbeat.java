package org.smemv.node.directory;

import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;
import org.smemv.placement.Name;
import org.smemv.placement.PageSize;

/**
 * What an agent tells the directory every {@link #PERIOD_MILLIS}, as JSON in a CONTROL frame. It
 * comes over the network: every field is checked when it is made.
 *
 * @param host its name and its memory
 * @param data where it listens for other agents
 * @param startEpoch when the agent was started, in milliseconds since 1970: tells a restarted agent
 *     from the one before it
 * @param number counts the heartbeats of this agent: one that comes late is passed over
 * @param reserveBytes of the free memory that plans leave alone
 * @param linkBytesPerSecond of its network card; 0 when not known
 * @param labels that VMs may be kept apart from
 * @param vms the VMs whose body is there or arrives there
 */
public record Heartbeat(
    HostReport host,
    String data,
    long startEpoch,
    long number,
    long reserveBytes,
    long linkBytesPerSecond,
    List<String> labels,
    List<Vm> vms) {
  /** How often an agent says it. */
  public static final long PERIOD_MILLIS = 2000;

  static final int VMS_MAX = 1024;
  static final int SHARES_MAX = 4096;
  static final int LABELS_MAX = 64;
  static final int SUBS_MAX = 64;
  private static final int REASON_CHARACTERS_MAX = 1024;
  private static final long BYTES_MAX = 16L << 40;

  /**
   * A VM there.
   *
   * @param epoch of the VM: when two hosts have it, the larger one is right
   * @param workingSetBytes what its host should hold; 0 when that is not known
   * @param subs the hosts that have a part of it
   * @param leaving those of them whose part is on its way to others
   */
  public record Vm(
      String name,
      UUID id,
      long epoch,
      VmState state,
      @Nullable String reason,
      long memoryBytes,
      long mainMemoryBytes,
      long residentBytes,
      long zeroBytes,
      long workingSetBytes,
      List<VmReport.Sub> subs,
      List<String> leaving) {
    public Vm {
      Name.require("VM", name);
      need("id", id);
      need("state", state);
      need("list of sub-hosts", subs);
      bytes("epoch", epoch, Long.MAX_VALUE >>> 1);
      bytes("memory", memoryBytes, BYTES_MAX);
      if (memoryBytes == 0 || memoryBytes % PageSize.BYTES != 0) {
        throw new IllegalArgumentException(
            "VM %s: memory of %d bytes is not a number of pages".formatted(name, memoryBytes));
      }
      bytes("main memory", mainMemoryBytes, memoryBytes);
      bytes("resident memory", residentBytes, memoryBytes);
      bytes("zero memory", zeroBytes, memoryBytes);
      bytes("working set", workingSetBytes, memoryBytes);
      if (reason != null && reason.length() > REASON_CHARACTERS_MAX) {
        reason = reason.substring(0, REASON_CHARACTERS_MAX);
      }
      subs = List.copyOf(few("sub-hosts", subs, SUBS_MAX));
      for (VmReport.Sub sub : subs) {
        Name.require("sub-host", sub.host());
        bytes("share", sub.bytes(), BYTES_MAX);
      }
      unique("sub-host", subs, VmReport.Sub::host);
      need("list of hosts that it leaves", leaving);
      leaving = List.copyOf(few("hosts that it leaves", leaving, SUBS_MAX));
      leaving.forEach(host -> Name.require("host that it leaves", host));
    }
  }

  public Heartbeat {
    need("host", host);
    need("list of labels", labels);
    need("list of VMs", vms);
    HostsFile.address("host " + host.name(), String.valueOf(data));
    bytes("start", startEpoch, Long.MAX_VALUE);
    bytes("number", number, Long.MAX_VALUE);
    bytes("reserve", reserveBytes, BYTES_MAX);
    bytes("link rate", linkBytesPerSecond, BYTES_MAX);
    checkHost(host);
    labels = List.copyOf(few("labels", labels, LABELS_MAX));
    labels.forEach(label -> Name.require("label", label));
    vms = List.copyOf(few("VMs", vms, VMS_MAX));
    unique("VM", vms, Vm::name);
  }

  private static void checkHost(HostReport host) {
    Name.require("host", host.name());
    bytes("capacity", host.capacityBytes(), BYTES_MAX);
    bytes("free memory", host.freeBytes(), host.capacityBytes());
    bytes("reserved memory", host.reservedBytes(), BYTES_MAX);
    bytes("used memory", host.usedBytes(), BYTES_MAX);
    few("VMs", host.vms(), VMS_MAX).forEach(name -> Name.require("VM", name));
    for (HostReport.Share share : few("shares", host.shares(), SHARES_MAX)) {
      need("VM of a share", share.vmId());
      Name.require("main host", share.mainHost());
      UUID id = UUID.fromString(share.vmId());
      bytes("pages of VM " + id, share.pages(), BYTES_MAX);
      bytes("share of VM " + id, share.bytes(), BYTES_MAX);
      bytes("grant of VM " + id, share.grantedBytes(), BYTES_MAX);
    }
    unique("share of VM", host.shares(), HostReport.Share::vmId);
  }

  private static void need(String what, @Nullable Object given) {
    if (given == null) {
      throw new IllegalArgumentException("a heartbeat lacks its " + what);
    }
  }

  private static void bytes(String what, long value, long most) {
    if (value < 0 || value > most) {
      throw new IllegalArgumentException(
          "%s of %d: 0 to %d are possible".formatted(what, value, most));
    }
  }

  private static <T> List<T> few(String what, List<T> rows, int most) {
    if (rows.size() > most) {
      throw new IllegalArgumentException(rows.size() + " " + what + ": " + most + " is the limit");
    }
    return rows;
  }

  private static <T> void unique(String what, List<T> rows, Function<T, String> key) {
    Set<String> seen = new HashSet<>();
    for (T row : rows) {
      if (!seen.add(key.apply(row))) {
        throw new IllegalArgumentException(what + " " + key.apply(row) + " is there twice");
      }
    }
  }

  /** The host's name. */
  public String name() {
    return host.name();
  }

  /** The host's address. */
  InetSocketAddress address() {
    return HostsFile.address(name(), data);
  }

  /** How much it takes to remember this, in rows of a table. */
  int rows() {
    int rows = 1 + labels.size() + host.shares().size() + host.vms().size() + vms.size();
    for (Vm vm : vms) {
      rows += vm.subs().size();
    }
    return rows;
  }
}
