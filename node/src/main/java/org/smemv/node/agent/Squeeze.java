package org.smemv.node.agent;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.smemv.migration.HostException;
import org.smemv.paging.GuestPager;
import org.smemv.placement.PageSize;

/**
 * Makes room for a split VM that moves: what its targets cannot take of the pages that are here
 * goes to the sub-hosts that it has already, by the usual way, a lower limit. The migration's
 * thread.
 */
final class Squeeze {
  private static final Duration STANDS = Duration.ofSeconds(10);
  private static final long LOOK_NANOS = 20_000_000;

  private final GuestPager pager;
  private final long room;

  /**
   * Pages begin to leave.
   *
   * @param room pages that may stay
   */
  Squeeze(GuestPager pager, long room) {
    this.pager = pager;
    this.room = room;
    pager.limitPages(room);
  }

  /**
   * Waits until as many have left as must.
   *
   * @param enough ends it early
   */
  void await(BooleanSupplier enough) throws HostException {
    long least = Long.MAX_VALUE;
    long since = System.nanoTime();
    while (pager.budget().resident() > room && !enough.getAsBoolean()) {
      if (pager.budget().resident() < least) {
        least = pager.budget().resident();
        since = System.nanoTime();
      } else if (System.nanoTime() - since > STANDS.toNanos()) {
        throw new HostException(
            HostException.Kind.CAPACITY,
            "%d MiB are here, the targets take %d MiB, and the VM's sub-hosts do not take the rest"
                .formatted(mib(least), mib(room)));
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  private static long mib(long pages) {
    return pages << PageSize.SHIFT >> 20;
  }

  /** The VM stays, and may have so many pages here again. */
  void undo(long limitPages) {
    pager.limitPages(limitPages);
  }
}
