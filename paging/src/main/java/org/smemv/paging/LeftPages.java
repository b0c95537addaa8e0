package org.smemv.paging;

import java.util.BitSet;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongPredicate;

/**
 * The pages that stay at the source when the body of a VM leaves, of which the new main host is
 * only told: none until {@link #begin}. Any thread.
 */
final class LeftPages {
  private static final int NOT_BEGUN = -1;

  private final PageBitmap pages;
  private final LongAdder count = new LongAdder();
  private volatile int index = NOT_BEGUN;
  private volatile boolean givenUp;

  LeftPages(long pages) {
    this.pages = new PageBitmap(pages);
  }

  /** See {@link OutgoingMemory#leaveRest}. */
  synchronized void begin(int indexThere, boolean mayGiveUp) {
    if (indexThere < 0 || indexThere >= SubHosts.HOSTS_MAX) {
      throw new IllegalArgumentException(
          "sub-host %d: the index of this host there is 0..%d"
              .formatted(indexThere, SubHosts.HOSTS_MAX - 1));
    }
    if (index != NOT_BEGUN && index != indexThere) {
      throw new IllegalStateException(
          "the rest is left here as sub-host %d, not %d".formatted(index, indexThere));
    }
    givenUp |= mayGiveUp;
    index = indexThere;
  }

  boolean begun() {
    return index != NOT_BEGUN;
  }

  /** What this host is called in the page table of the new main host. */
  int indexThere() {
    return index;
  }

  void add(long page) {
    count.add(pages.add(page) ? 1 : 0);
  }

  void remove(long page) {
    count.add(pages.remove(page) ? -1 : 0);
  }

  long count() {
    return count.sum();
  }

  PageBitmap pages() {
    return pages;
  }

  /**
   * While the VM stands: pages that are zeros by now, because the guest gave them up after they
   * were told, and may have read them since; the kernel does not call either written.
   *
   * @param isZero reads a page, and fills no hole
   */
  BitSet givenUp(LongPredicate isZero) {
    BitSet gone = new BitSet();
    long page = givenUp ? pages.next(0) : -1;
    while (page >= 0) {
      if (isZero.test(page)) {
        gone.set((int) page);
      }
      page = pages.next(page + 1);
    }
    return gone;
  }
}
