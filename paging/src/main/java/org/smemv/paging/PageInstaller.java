package org.smemv.paging;

import org.smemv.linux.UserFaultFd;
import org.smemv.linux.UserFaultFd.Outcome;
import org.smemv.placement.PageSize;

/**
 * Puts pages into the guest's memory through its userfaultfd and wakes who waits. One per thread.
 */
final class PageInstaller {
  /** The kernel asks to try again only while QEMU changes its mappings: moments. */
  private static final int RETRIES_MAX = 10_000;

  private final UserFaultFd faults;
  private final GuestMemory memory;
  private final UserFaultFd.Scratch scratch = new UserFaultFd.Scratch();

  PageInstaller(UserFaultFd faults, GuestMemory memory) {
    this.faults = faults;
    this.memory = memory;
  }

  /**
   * Installs contents.
   *
   * @param armed true to count the page as clean until it is written
   */
  Outcome contents(long page, long source, boolean armed) {
    Outcome outcome = Outcome.RETRY;
    for (int i = 0; i < RETRIES_MAX && outcome == Outcome.RETRY; i++) {
      outcome = faults.copy(scratch, memory.address(page), source, PageSize.BYTES, armed);
    }
    return wakeIfPresent(outcome, page);
  }

  /** Installs zeros on {@code count} pages in a row. */
  Outcome zeros(long page, int count) {
    Outcome outcome = Outcome.RETRY;
    for (int i = 0; i < RETRIES_MAX && outcome == Outcome.RETRY; i++) {
      outcome = faults.zero(scratch, memory.address(page), (long) count << PageSize.SHIFT);
    }
    return wakeIfPresent(outcome, page);
  }

  /** Lets the threads that wait for a page look again. */
  void wake(long page) {
    faults.wake(scratch, memory.address(page), PageSize.BYTES);
  }

  private Outcome wakeIfPresent(Outcome outcome, long page) {
    if (outcome == Outcome.PRESENT) {
      wake(page);
    }
    return outcome;
  }
}
