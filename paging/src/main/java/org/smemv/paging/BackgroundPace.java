package org.smemv.paging;

/**
 * How many pages that nobody waits for may be under way from one sub-host, beside those that a vCPU
 * waits for: what is under way fills the queue of a link that they share, so answers tell how long
 * that queue is. While the guest faults it is kept short, however fast the link and however many
 * sub-hosts send over it; while it does not, it may grow, as a small window leaves the link idle
 * whenever one end waits for a processor. Owned by one thread.
 */
final class BackgroundPace {
  /** Under way at least, or the link would be idle in between. */
  static final int PAGES_MIN = 4;

  /**
   * Before any answer came: as short a queue as a busy guest may find, 0.3 ms on a link of 1
   * Gbit/s; where more is right, a few milliseconds of answers find that out.
   */
  static final int PAGES_FIRST = 8;

  /** 4 ms of a link of 1 Gbit/s, and enough to fill one of 25 Gbit/s that answers in 0.1 ms. */
  static final int PAGES_MAX = 128;

  /** An answer may take so long while the guest faults: 12 pages on a link of 1 Gbit/s. */
  static final long BUSY_ANSWER_NANOS = 400_000;

  /** Soon after a fault: 18 pages, which the next fault may find before it. */
  static final long CALM_ANSWER_NANOS = 600_000;

  /** When there was no fault for long. */
  static final long QUIET_ANSWER_NANOS = 5_000_000;

  /**
   * Without a fault for so long the guest does not go from one fault to the next, which takes it
   * less than a millisecond even with the longest queue it may meet.
   */
  static final long CALM_NANOS = 2_000_000;

  static final long QUIET_NANOS = 50_000_000;

  /**
   * The quickest of so many answers counts: a queue delays all of them, a wait for a processor only
   * some.
   */
  static final int ANSWERS = 4;

  private long faults;
  private long faultedAt;
  private boolean faulted;
  private long allowed = QUIET_ANSWER_NANOS;
  private int pages = PAGES_FIRST;
  private int answers;
  private long quickest = Long.MAX_VALUE;

  /**
   * How many may be under way now, 4 to 128.
   *
   * @param remoteFaults of the guest so far; only a change counts
   * @param now {@link System#nanoTime()}
   */
  int window(long remoteFaults, long now) {
    if (remoteFaults != faults) {
      faults = remoteFaults;
      faultedAt = now;
      faulted = true;
    }
    long before = allowed;
    allowed = allowed(now - faultedAt);
    if (allowed < before) {
      // The queue is as long as what is under way: what was right for a longer one is too much.
      pages = (int) Math.max(PAGES_MIN, pages * allowed / before);
    }
    return pages;
  }

  private long allowed(long sinceFault) {
    if (!faulted || sinceFault >= QUIET_NANOS) {
      return QUIET_ANSWER_NANOS;
    }
    return sinceFault < CALM_NANOS ? BUSY_ANSWER_NANOS : CALM_ANSWER_NANOS;
  }

  /**
   * An answer came.
   *
   * @param nanos since it was asked for
   */
  void answered(long nanos) {
    quickest = Math.min(quickest, nanos);
    answers++;
    if (quickest <= allowed) {
      pages = Math.min(pages + 1, PAGES_MAX);
    }
    if (answers == ANSWERS) {
      if (quickest > allowed) {
        pages = Math.max(PAGES_MIN, pages - pages / 4);
      }
      answers = 0;
      quickest = Long.MAX_VALUE;
    }
  }
}
