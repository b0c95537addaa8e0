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
 * that change, or a later one, which is noted again.
 */
final class ChangedPages {
  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

  private final long pages;
  private volatile long @Nullable [] noted;

  ChangedPages(long pages) {
    this.pages = pages;
  }

  /** From now on changes are noted; none is yet. */
  void follow() {
    noted = new long[(int) ((pages + Long.SIZE - 1) / Long.SIZE)];
  }

  /** Nobody follows any more. */
  void forget() {
    noted = null;
  }

  /** A page has changed. */
  void note(long page) {
    long[] words = noted;
    if (words != null) {
      long ignored = (long) WORDS.getAndBitwiseOr(words, (int) (page >>> 6), 1L << page);
    }
  }

  /** Moves all notes into a set of page numbers. */
  void takeInto(BitSet changed) {
    long[] words = noted;
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
