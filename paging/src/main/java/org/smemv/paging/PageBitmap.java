package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * A set of page numbers, one bit each, outside the heap. Each operation on a page is atomic, and
 * any thread may call; what goes over many pages sees each as it is at that moment. The memory goes
 * when nobody knows the set any more.
 */
public final class PageBitmap {
  private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

  private final long pages;
  private final MemorySegment words;

  /**
   * An empty set.
   *
   * @param pages numbers are below it, at least 1
   */
  public PageBitmap(long pages) {
    if (pages < 1) {
      throw new IllegalArgumentException("a set of numbers below " + pages);
    }
    this.pages = pages;
    this.words = Arena.ofAuto().allocate((pages + Long.SIZE - 1) / Long.SIZE * Long.BYTES, 8);
  }

  /** Numbers are below it. */
  public long pages() {
    return pages;
  }

  private static long offset(long page) {
    return page >>> 6 << 3;
  }

  private long word(long page) {
    return (long) WORD.getVolatile(words, offset(page));
  }

  /** Adds a page; false when it was there. */
  public boolean add(long page) {
    return ((long) WORD.getAndBitwiseOr(words, offset(page), 1L << page) & 1L << page) == 0;
  }

  /** Removes a page; false when it was not there. */
  public boolean remove(long page) {
    return ((long) WORD.getAndBitwiseAnd(words, offset(page), ~(1L << page)) & 1L << page) != 0;
  }

  /** True when the page is there. */
  public boolean contains(long page) {
    return (word(page) & 1L << page) != 0;
  }

  /** The first page that is there, from a number on; -1 when there is none. */
  public long next(long from) {
    return find(from, 0);
  }

  /** The first page that is not there, from a number on; {@link #pages()} when all are. */
  public long nextMissing(long from) {
    long found = find(from, -1L);
    return found < 0 ? pages : found;
  }

  /** All numbers that are not there at this moment. */
  public PageBitmap complement() {
    PageBitmap others = new PageBitmap(pages);
    for (long page = nextMissing(0); page < pages; page = nextMissing(page + 1)) {
      boolean ignored = others.add(page);
    }
    return others;
  }

  private long find(long from, long inverted) {
    long bits = from < pages ? (word(from) ^ inverted) & -1L << from : 0;
    for (long page = from & -Long.SIZE; page < pages; ) {
      if (bits != 0) {
        long found = page + Long.numberOfTrailingZeros(bits);
        return found < pages ? found : -1; // the last word may have bits beyond the end
      }
      page += Long.SIZE;
      bits = page < pages ? word(page) ^ inverted : 0;
    }
    return -1;
  }

  /** How many pages are there: looks at all words. */
  public long count() {
    long count = 0;
    for (long at = 0; at < words.byteSize(); at += Long.BYTES) {
      count += Long.bitCount((long) WORD.getVolatile(words, at));
    }
    return count;
  }
}
