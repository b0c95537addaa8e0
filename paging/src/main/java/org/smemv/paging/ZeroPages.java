package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.smemv.placement.PageSize;

/** Recognises pages that are all zeros, which never travel nor take room. */
final class ZeroPages {
  private static final MemorySegment ZEROS = Arena.global().allocate(PageSize.BYTES, 64);

  private ZeroPages() {}

  static boolean isZero(MemorySegment memory, long at) {
    // Nearly every other page differs in its first bytes, so this costs next to nothing for them.
    return isZero(memory, at, PageSize.BYTES);
  }

  /** Whether so many bytes, a page at most, are zeros. */
  static boolean isZero(MemorySegment memory, long at, int length) {
    return MemorySegment.mismatch(memory, at, at + length, ZEROS, 0, length) < 0;
  }
}
