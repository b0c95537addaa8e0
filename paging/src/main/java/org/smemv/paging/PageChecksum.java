package org.smemv.paging;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.smemv.placement.PageSize;

/**
 * XXH64 with seed 0, by the public specification ("xxHash fast digest algorithm", XXH64): four
 * independent lanes of 64 bits, which the processor multiplies side by side. It finds what memory,
 * a wire or a bug change; it is no protection against a forger. Allocates nothing; any thread.
 */
public final class PageChecksum {
  private static final long PRIME1 = 0x9E3779B185EBCA87L;
  private static final long PRIME2 = 0xC2B2AE3D27D4EB4FL;
  private static final long PRIME3 = 0x165667B19E3779F9L;
  private static final long PRIME4 = 0x85EBCA77C2B2AE63L;
  private static final long PRIME5 = 0x27D4EB2F165667C5L;
  private static final long PRIME1_PLUS_2 = 0x60EA27EEADC0B5D6L; // modulo 2^64
  private static final int STRIPE = 32;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** No page has it: what stands for a page is not known yet. */
  public static final int UNKNOWN = 0;

  /** The checksum of 4096 zero bytes. */
  public static final int ZERO_PAGE = of(MemorySegment.ofArray(new byte[PageSize.BYTES]), 0);

  private PageChecksum() {}

  /**
   * The checksum of the page at {@code at}: the low 32 bits of XXH64 over its 4096 bytes, or 1 if
   * these are {@link #UNKNOWN}.
   */
  public static int of(MemorySegment memory, long at) {
    int low = (int) xxh64(memory, at, PageSize.BYTES);
    return low == UNKNOWN ? 1 : low;
  }

  /** XXH64 of {@code length} bytes from {@code at}. */
  static long xxh64(MemorySegment memory, long at, int length) {
    if (length < STRIPE) {
      return tail(PRIME5 + length, memory, at, length);
    }
    return stripes(PRIME1_PLUS_2, PRIME2, 0, -PRIME1, memory, at, length, length);
  }

  /**
   * XXH64 of a frame's header without its checksum field (bytes 0 to 59), followed by {@code extra}
   * bytes that start behind that field, at byte 64. As 60 is 32 + 28, only the second stripe
   * crosses the gap, in its last lane.
   *
   * @param extra 0, or at least 16
   */
  static long ofHeader(MemorySegment memory, long at, int extra) {
    if (extra == 0) {
      return xxh64(memory, at, 60);
    }
    long crossing =
        Integer.toUnsignedLong(memory.get(INT, at + 56)) | (long) memory.get(INT, at + 64) << 32;
    long lane1 = round(round(PRIME1_PLUS_2, memory.get(LONG, at)), memory.get(LONG, at + 32));
    long lane2 = round(round(PRIME2, memory.get(LONG, at + 8)), memory.get(LONG, at + 40));
    long lane3 = round(round(0, memory.get(LONG, at + 16)), memory.get(LONG, at + 48));
    long lane4 = round(round(-PRIME1, memory.get(LONG, at + 24)), crossing);
    return stripes(lane1, lane2, lane3, lane4, memory, at + 68, extra - 4, 60L + extra);
  }

  private static long stripes(
      long lane1,
      long lane2,
      long lane3,
      long lane4,
      MemorySegment memory,
      long at,
      int length,
      long total) {
    int whole = length & -STRIPE;
    for (int i = 0; i < whole; i += STRIPE) {
      lane1 = round(lane1, memory.get(LONG, at + i));
      lane2 = round(lane2, memory.get(LONG, at + i + 8));
      lane3 = round(lane3, memory.get(LONG, at + i + 16));
      lane4 = round(lane4, memory.get(LONG, at + i + 24));
    }
    long hash =
        Long.rotateLeft(lane1, 1)
            + Long.rotateLeft(lane2, 7)
            + Long.rotateLeft(lane3, 12)
            + Long.rotateLeft(lane4, 18);
    hash = merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4);
    return tail(hash + total, memory, at + whole, length - whole);
  }

  private static long round(long lane, long input) {
    return Long.rotateLeft(lane + input * PRIME2, 31) * PRIME1;
  }

  private static long merge(long hash, long lane) {
    return (hash ^ round(0, lane)) * PRIME1 + PRIME4;
  }

  /** The last bytes, fewer than a stripe, and the final mixing. */
  private static long tail(long start, MemorySegment memory, long at, int length) {
    long hash = start;
    int i = 0;
    for (; i + 8 <= length; i += 8) {
      hash = Long.rotateLeft(hash ^ round(0, memory.get(LONG, at + i)), 27) * PRIME1 + PRIME4;
    }
    if (i + 4 <= length) {
      long input = Integer.toUnsignedLong(memory.get(INT, at + i));
      hash = Long.rotateLeft(hash ^ input * PRIME1, 23) * PRIME2 + PRIME3;
      i += 4;
    }
    for (; i < length; i++) {
      long input = Byte.toUnsignedLong(memory.get(ValueLayout.JAVA_BYTE, at + i));
      hash = Long.rotateLeft(hash ^ input * PRIME5, 11) * PRIME1;
    }
    hash = (hash ^ hash >>> 33) * PRIME2;
    hash = (hash ^ hash >>> 29) * PRIME3;
    return hash ^ hash >>> 32;
  }
}
