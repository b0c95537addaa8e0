package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;

/**
 * How recently and how often each page of a running VM was written: one byte per page that halves
 * with every look and gains when the page was written since the last. Owned by one thread.
 */
final class WriteHeat {
  private static final int GAIN = 128;

  private final MemorySegment heat;
  private final long pages;

  WriteHeat(Arena arena, long pages) {
    this.pages = pages;
    this.heat = arena.allocate(pages);
  }

  /** Takes note of a look: the pages in {@code written} were written since the one before. */
  void look(BitSet written) {
    for (long page = 0; page < pages; page++) {
      int before = of(page);
      int gain = written.get((int) page) ? GAIN : 0;
      if (before != 0 || gain != 0) {
        heat.set(ValueLayout.JAVA_BYTE, page, (byte) ((before >> 1) + gain));
      }
    }
  }

  /** 0 to 255. */
  int of(long page) {
    return heat.get(ValueLayout.JAVA_BYTE, page) & 0xff;
  }
}
