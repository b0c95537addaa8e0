package org.smemv.placement;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is wanted of a {@link PlacementPlanner}: a VM is to leave its host.
 *
 * @param vm its name
 * @param vmBytes all of its memory, whole pages
 * @param residentBytes of it on the source, which have to move; zero pages do not count
 * @param workingSetBytes what its main host must hold; 0 when that is not known
 * @param source the host that it leaves
 * @param main the host that it must go to; null when the planner chooses
 * @param excluded hosts that get nothing
 * @param apartFrom labels: hosts with one of them get nothing
 * @param subHostsMax the most sub-hosts, those that it has already included; 0 for none
 * @param shares what other hosts hold of it already
 * @param linkPart it is to leave fast: as soon as this part of its host's link can carry it, over 0
 *     to 1, on so many hosts as that takes; 0 when as few hosts as possible are better
 */
public record PlacementWish(
    String vm,
    long vmBytes,
    long residentBytes,
    long workingSetBytes,
    String source,
    @Nullable String main,
    Set<String> excluded,
    Set<String> apartFrom,
    int subHostsMax,
    List<Share> shares,
    double linkPart) {
  /** As many as a migration takes. */
  public static final int SUB_HOSTS_MAX = 64;

  /**
   * A share that a host has already.
   *
   * @param grantedBytes what it may hold, whole pages
   * @param heldBytes what it holds
   */
  public record Share(String host, long grantedBytes, long heldBytes) {
    /**
     * Checks the figures.
     *
     * @throws IllegalArgumentException naming what is wrong
     */
    public Share {
      Name.require("sub-host", host);
      if (grantedBytes < 0
          || grantedBytes > FleetHost.BYTES_MAX
          || grantedBytes % PageSize.BYTES != 0
          || heldBytes < 0
          || heldBytes > FleetHost.BYTES_MAX) {
        throw new IllegalArgumentException(
            "share of %d bytes with %d held on %s".formatted(grantedBytes, heldBytes, host));
      }
    }
  }

  /**
   * Checks the wish.
   *
   * @throws IllegalArgumentException naming what is wrong
   */
  public PlacementWish {
    Name.require("VM", vm);
    Name.require("source host", source);
    if (main != null) {
      Name.require("main host", main);
    }
    if (vmBytes < 1 || vmBytes > FleetHost.BYTES_MAX || vmBytes % PageSize.BYTES != 0) {
      throw new IllegalArgumentException(
          "VM %s of %d bytes: whole pages up to 16 TiB are possible".formatted(vm, vmBytes));
    }
    within(vmBytes, "resident memory", residentBytes);
    within(vmBytes, "working set", workingSetBytes);
    if (subHostsMax < 0 || subHostsMax > SUB_HOSTS_MAX) {
      throw new IllegalArgumentException(
          subHostsMax + " sub-hosts: 0 to " + SUB_HOSTS_MAX + " are possible");
    }
    excluded = Set.copyOf(excluded);
    checkLinkPart(linkPart);
    apartFrom = Set.copyOf(apartFrom);
    shares = List.copyOf(shares);
    checkShares(source, shares);
  }

  /** A wish for as few hosts as possible. */
  public PlacementWish(
      String vm,
      long vmBytes,
      long residentBytes,
      long workingSetBytes,
      String source,
      @Nullable String main,
      Set<String> excluded,
      Set<String> apartFrom,
      int subHostsMax,
      List<Share> shares) {
    this(
        vm,
        vmBytes,
        residentBytes,
        workingSetBytes,
        source,
        main,
        excluded,
        apartFrom,
        subHostsMax,
        shares,
        0);
  }

  /** What the shares that it has may hold together. */
  long grantedBytes() {
    return shares.stream().mapToLong(Share::grantedBytes).sum();
  }

  /** The most sub-hosts that can come to those that it has. */
  int newSubHostsMax() {
    return Math.max(0, subHostsMax - shares.size());
  }

  /**
   * Refuses what is no part of a link.
   *
   * @throws IllegalArgumentException when it is not 0 to 1
   */
  public static void checkLinkPart(double part) {
    if (!(part >= 0 && part <= 1)) { // a NaN is neither
      throw new IllegalArgumentException("part of a link " + part + ": 0 to 1 are possible");
    }
  }

  private static void within(long vmBytes, String what, long bytes) {
    if (bytes < 0 || bytes > vmBytes) {
      throw new IllegalArgumentException(
          "%s of %d bytes: 0 to the VM's %d are possible".formatted(what, bytes, vmBytes));
    }
  }

  private static void checkShares(String source, List<Share> shares) {
    Set<String> seen = new HashSet<>(Set.of(source));
    for (Share share : shares) {
      if (!seen.add(share.host())) {
        throw new IllegalArgumentException(
            "sub-host " + share.host() + " is the source or named twice");
      }
    }
  }
}
