package org.smemv.paging;

import java.util.Arrays;

/** Pages that wait to be looked at again, in order, without objects. Owned by one thread. */
final class PageBacklog {
  private long[] pages = new long[64];
  private int size;

  void add(long page) {
    for (int i = 0; i < size; i++) {
      if (pages[i] == page) {
        return;
      }
    }
    if (size == pages.length) {
      pages = Arrays.copyOf(pages, size * 2);
    }
    pages[size++] = page;
  }

  /** The page that has waited longest; only when there is one. */
  long first() {
    return pages[0];
  }

  int size() {
    return size;
  }

  /** Takes all pages out into {@code into}, which is returned, grown when it is too small. */
  long[] takeAll(long[] into) {
    long[] target = into.length >= size ? into : new long[pages.length];
    System.arraycopy(pages, 0, target, 0, size);
    size = 0;
    return target;
  }
}
