package org.smemv.migration;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Checks of what a peer asks for; each failure is an {@link IllegalArgumentException} that names
 * the value and what would fit.
 */
public final class ReservationCheck {
  /** More than any host has; keeps sums far from overflow. */
  private static final long BYTES_MAX = 16L << 40;

  /** Agents add to an epoch: far from overflow for good. */
  private static final long EPOCH_MAX = Long.MAX_VALUE >>> 1;

  private ReservationCheck() {}

  /** The epoch of a migration, or of another change. */
  public static void epoch(long epoch) {
    if (epoch < 1 || epoch > EPOCH_MAX) {
      throw new IllegalArgumentException("epoch " + epoch + " is not possible");
    }
  }

  static void pagesFrom(long pagesFrom, long epoch) {
    if (pagesFrom < 1 || pagesFrom > epoch) {
      throw new IllegalArgumentException(
          "pages from epoch " + pagesFrom + " on: 1 to " + epoch + " are possible");
    }
  }

  /** All sub-hosts of a VM: each has a number of its own, and so has each host. */
  public static List<HostControl.Share> parts(List<HostControl.Share> shares) {
    Set<Object> taken = new HashSet<>();
    for (HostControl.Share share : shares) {
      if (share == null) {
        throw new IllegalArgumentException("a sub-host is missing in the list of shares");
      }
      if (!taken.add(share.index()) || !taken.add(share.host())) {
        throw new IllegalArgumentException(
            "sub-host %s, number %d: the host or the number is in the list twice"
                .formatted(share.host(), share.index()));
      }
    }
    if (shares.size() > MigrationPlan.SUB_HOSTS_MAX) {
      throw new IllegalArgumentException(
          shares.size() + " sub-hosts: " + MigrationPlan.SUB_HOSTS_MAX + " are possible");
    }
    return List.copyOf(shares);
  }

  /**
   * An amount of memory.
   *
   * @param of what it is
   * @param unit of which it must be a multiple, in bytes
   */
  public static void bytes(String of, long bytes, int unit) {
    if (bytes < 1 || bytes > BYTES_MAX || bytes % unit != 0) {
      throw new IllegalArgumentException(
          of + " of " + bytes + " bytes: 1 byte to 16 TiB are possible, in units of " + unit);
    }
  }
}
