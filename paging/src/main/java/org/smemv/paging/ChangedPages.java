package org.smemv.paging;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Pages that remote paging has brought in, taken out or seen written, while somebody follows: a VM
 * that is being moved goes on swapping, and what a target was told of such a page may be out of
 * date. Noting is one atomic operation and allocates nothing; any thread notes, one follows.
 *
 * <p>A page is noted after it changed. So whoever takes the note and then looks at the page sees
 * that change, or a later one, which is noted again. A page that only moved has the contents that
 * it had: whoever is not certain of that notes it as written.
 */
final class ChangedPages {
  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

  private final long pages;
  private volatile long @Nullable [] written;
  private volatile long @Nullable [] moved;

  ChangedPages(long pages) {
    this.pages = pages;
  }

  /** From now on changes are noted; none is yet. */
  void follow() {
    written = new long[words()];
    moved = new long[words()];
  }

  private int words() {
    return (int) ((pages + Long.SIZE - 1) / Long.SIZE);
  }

  /** Nobody follows any more. */
  void forget() {
    written = null;
    moved = null;
  }

  /** A page may have other contents than before. */
  void noteWritten(long page) {
    note(page, false);
  }

  /**
   * A page is elsewhere than before.
   *
   * @param sameContents whether it certainly has the contents that it had before
   */
  void note(long page, boolean sameContents) {
    long[] words = sameContents ? moved : written;
    if (words != null) {
      long ignored = (long) WORDS.getAndBitwiseOr(words, (int) (page >>> 6), 1L << page);
    }
  }

  /** Moves the notes of pages that may have been written into a set of page numbers. */
  void takeWrittenInto(BitSet changed) {
    take(written, changed);
  }

  /** Moves the notes of pages that moved into a set of page numbers. */
  void takeMovedInto(BitSet changed) {
    take(moved, changed);
  }

  private static void take(long @Nullable [] words, BitSet changed) {
    if (words == null) {
      return;
    }
    for (int i = 0; i < words.length; i++) {
      if (words[i] != 0) {
        long bits = (long) WORDS.getAndSet(words, i, 0L);
        while (bits != 0) {
          changed.set((i << 6) + Long.numberOfTrailingZeros(bits));
          bits &= bits - 1;
        }
      }
    }
  }
}
