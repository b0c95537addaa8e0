package org.smemv.paging;

/**
 * How many pages that nobody waits for may be under way, beside those that a vCPU waits for: few
 * while the guest faults, as what is under way fills the queue of the same link, and ever more
 * while it does not, as a small window leaves the link idle whenever one end waits for a processor.
 * Owned by one thread.
 */
final class BackgroundPace {
  /**
   * Under way from all leaving sub-hosts while the guest faults: 64 KiB, half a millisecond of a
   * link of 1 Gbit/s.
   */
  static final int BUSY_PAGES = 16;

  /** From one of them at least, or its link would be idle in between. */
  static final int BUSY_PAGES_MIN = 8;

  /**
   * Under way from one of them soon after a fault: 256 KiB, two milliseconds of such a link, which
   * is how long the next fault may find it taken.
   */
  static final int CALM_PAGES = 64;

  /** Under way from one of them when there was no fault for long: 512 KiB. */
  static final int QUIET_PAGES = 128;

  /** The window doubles each time that no fault came for so long, up to the calm one. */
  static final long CALM_NANOS = 2_000_000;

  /** And beyond that each time that none came for so long. */
  static final long QUIET_NANOS = 50_000_000;

  private long faults;
  private long lookedAt;
  private int pages;

  /**
   * How many may be under way now, 8 to 128.
   *
   * @param remoteFaults of the guest so far; only a change counts
   * @param drains how many sub-hosts are drained at once, which share what is for all of them
   * @param now {@link System#nanoTime()}
   */
  int window(long remoteFaults, int drains, long now) {
    int busy = Math.max(BUSY_PAGES_MIN, BUSY_PAGES / Math.max(1, drains));
    if (remoteFaults != faults || pages < busy) {
      faults = remoteFaults;
      lookedAt = now;
      pages = busy;
    } else if (now - lookedAt >= (pages < CALM_PAGES ? CALM_NANOS : QUIET_NANOS)) {
      lookedAt = now;
      pages = Math.min(2 * pages, QUIET_PAGES);
    }
    return pages;
  }
}
