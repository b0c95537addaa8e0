package org.smemv.paging;

import java.util.concurrent.atomic.LongAdder;

/**
 * The pages that stay at the source when the body of a VM leaves, of which the new main host is
 * only told: none until {@link #begin}. Any thread.
 */
final class LeftPages {
  private static final int NOT_BEGUN = -1;

  private final PageBitmap pages;
  private final LongAdder count = new LongAdder();
  private volatile int index = NOT_BEGUN;

  LeftPages(long pages) {
    this.pages = new PageBitmap(pages);
  }

  /** See {@link OutgoingMemory#leaveRest}. */
  synchronized void begin(int indexThere) {
    if (indexThere < 0 || indexThere >= SubHosts.HOSTS_MAX) {
      throw new IllegalArgumentException(
          "sub-host %d: the index of this host there is 0..%d"
              .formatted(indexThere, SubHosts.HOSTS_MAX - 1));
    }
    if (index != NOT_BEGUN && index != indexThere) {
      throw new IllegalStateException(
          "the rest is left here as sub-host %d, not %d".formatted(index, indexThere));
    }
    index = indexThere;
  }

  boolean begun() {
    return index != NOT_BEGUN;
  }

  /** What this host is called in the page table of the new main host. */
  int indexThere() {
    return index;
  }

  /** Adds a page; false when it was there. */
  boolean add(long page) {
    boolean fresh = pages.add(page);
    count.add(fresh ? 1 : 0);
    return fresh;
  }

  void remove(long page) {
    count.add(pages.remove(page) ? -1 : 0);
  }

  boolean contains(long page) {
    return pages.contains(page);
  }

  long count() {
    return count.sum();
  }

  PageBitmap pages() {
    return pages;
  }
}
