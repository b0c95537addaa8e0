package org.smemv.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.smemv.placement.PageSize;

/** Pages that no compression makes smaller: what both sides of a comparison store. */
final class BenchPages {
  /** 16 MiB, so that the source of the copies is not always in the processor's cache. */
  private static final int DISTINCT = 4096;

  private final MemorySegment memory;

  BenchPages(Arena arena) {
    memory = arena.allocate((long) DISTINCT * PageSize.BYTES, PageSize.BYTES);
    SplittableRandom random = new SplittableRandom(1);
    for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
      memory.set(ValueLayout.JAVA_LONG, at, random.nextLong());
    }
  }

  MemorySegment memory() {
    return memory;
  }

  /** Where in {@link #memory} the contents of a page are. */
  long offset(long page) {
    return page % DISTINCT * PageSize.BYTES;
  }

  /** True when the first bytes at an offset are those of the page. */
  boolean looksLike(long page, MemorySegment other, long at) {
    return other.get(ValueLayout.JAVA_LONG_UNALIGNED, at) == firstWord(page);
  }

  /** The first bytes of a page. */
  long firstWord(long page) {
    return memory.get(ValueLayout.JAVA_LONG, offset(page));
  }
}
