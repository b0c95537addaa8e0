package org.smemv.paging;

/**
 * Finds the pages that one sub-host has, hottest or coldest first, in passes over the page table:
 * one for each band of heat. Owned by one thread.
 */
final class DrainScan {
  /** The lowest heat of each band; a band ends below the next. */
  private static final int[] FLOOR = {0, 1, 16, 64, 256};

  private static final int BANDS = FLOOR.length - 1;

  private final PageTable table;
  private final int host;
  private final boolean hottestFirst;
  private int pass;
  private long next;

  DrainScan(PageTable table, int host, boolean hottestFirst) {
    this.table = table;
    this.host = host;
    this.hottestFirst = hottestFirst;
  }

  /** True when the next call begins a new pass over all pages. */
  boolean isAtStart() {
    return pass == 0 && next == 0;
  }

  /**
   * Finds some more pages whose entries are nobody's at the moment.
   *
   * @param pages receives their numbers
   * @param entries receives what was seen of each
   * @return how many; 0 when the pass is over and the next one begins
   */
  int next(long[] pages, long[] entries, int max) {
    int count = 0;
    while (pass < BANDS && count < max) {
      int band = hottestFirst ? BANDS - 1 - pass : pass;
      count = next(pages, entries, count, max, FLOOR[band], FLOOR[band + 1]);
    }
    if (count == 0) {
      pass = 0;
      next = 0;
    }
    return count;
  }

  private int next(long[] pages, long[] entries, int from, int max, int floor, int end) {
    int count = from;
    long last = table.pages();
    while (next < last && count < max) {
      long entry = table.get(next);
      if (PageEntry.isIdleAt(entry, host)
          && PageEntry.heat(entry) >= floor
          && PageEntry.heat(entry) < end) {
        pages[count] = next;
        entries[count] = entry;
        count++;
      }
      next++;
    }
    if (next == last) {
      pass++;
      next = 0;
    }
    return count;
  }
}
