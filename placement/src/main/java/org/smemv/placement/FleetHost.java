package org.smemv.placement;

import java.util.HashSet;
import java.util.Set;

/**
 * A host as a planner sees it.
 *
 * @param name unique in the fleet
 * @param capacityBytes all that it may grant
 * @param freeBytes that it has not granted
 * @param reserveBytes of the free memory that planners leave alone
 * @param linkBytesPerSecond what its network card takes and gives; 0 when that is not known
 * @param draining it is being emptied: nothing new goes there
 * @param lost it is not heard of
 * @param labels what a VM may be kept apart from: the host's own labels, and the names of the VMs
 *     that have a part of their memory there
 */
public record FleetHost(
    String name,
    long capacityBytes,
    long freeBytes,
    long reserveBytes,
    long linkBytesPerSecond,
    boolean draining,
    boolean lost,
    Set<String> labels) {
  /** More than any host has; keeps sums over a fleet far from overflow. */
  public static final long BYTES_MAX = 16L << 40;

  /**
   * Checks the figures, which come from a peer.
   *
   * @throws IllegalArgumentException naming the host and what is wrong
   */
  public FleetHost {
    Name.require("host", name);
    range(name, "capacity", capacityBytes);
    range(name, "free memory", freeBytes);
    range(name, "reserve", reserveBytes);
    range(name, "link rate", linkBytesPerSecond);
    if (freeBytes > capacityBytes) {
      throw new IllegalArgumentException(
          "host %s: %d bytes free of %d".formatted(name, freeBytes, capacityBytes));
    }
    labels = Set.copyOf(labels);
  }

  private static void range(String name, String what, long value) {
    if (value < 0 || value > BYTES_MAX) {
      throw new IllegalArgumentException(
          "host %s: %s of %d bytes: 0 to 16 TiB are possible".formatted(name, what, value));
    }
  }

  /** What a planner may use of it: whole pages of the free memory without the reserve. */
  public long usableBytes() {
    return Math.max(0, freeBytes - reserveBytes) / PageSize.BYTES * PageSize.BYTES;
  }

  /** The host after it has granted more, for a VM. */
  FleetHost with(String vm, long moreBytes) {
    Set<String> with = new HashSet<>(labels);
    with.add(vm);
    return new FleetHost(
        name,
        capacityBytes,
        Math.max(0, freeBytes - moreBytes),
        reserveBytes,
        linkBytesPerSecond,
        draining,
        lost,
        with);
  }
}
