package org.smemv.paging;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.UUID;
import org.smemv.placement.PageSize;

/**
 * The wire format, version 1, frozen: a header of 64 bytes, then the body. All numbers are
 * little-endian. Every method works on the frame whose header starts at {@code at}; descriptors
 * follow the header. Nothing here allocates, except to refuse.
 *
 * <pre>
 *  0 magic "SmV1"        4 version (2)     6 kind (2)
 *  8 VM id (16)         24 epoch (8)      32 request id (8)
 * 40 page number (8)    48 count (4)      52 body bytes (4)
 * 56 status (4)         60 checksum (4) of bytes 0..59 and the descriptors
 *
 * descriptor: 0 page number (8)   8 checksum of the contents (4)   12 flags (4)
 * </pre>
 */
public final class PageFrame {
  /** Bytes of a header. */
  public static final int HEADER_BYTES = 64;

  /** Bytes of a page descriptor. */
  public static final int DESCRIPTOR_BYTES = 16;

  /** Pages in a frame. */
  public static final int PAGES_MAX = 256;

  /** Bytes of header and descriptors together. */
  public static final int HEAD_BYTES_MAX = HEADER_BYTES + PAGES_MAX * DESCRIPTOR_BYTES;

  /** Bytes of a body. */
  public static final int BODY_BYTES_MAX = 2 << 20;

  /** Bytes of the name of a host. */
  public static final int NAME_BYTES_MAX = 63;

  /** One more than the highest page number: 256 TiB, all that x86-64 can map with four levels. */
  public static final long PAGE_NUMBER_END = 1L << 36;

  /** The version spoken here. */
  public static final int VERSION = 1;

  private static final int MAGIC = 'S' | 'm' << 8 | 'V' << 16 | '1' << 24;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private PageFrame() {}

  /** Starts a frame: writes the header, with page number, count, body length and status 0. */
  public static void begin(
      MemorySegment memory, long at, FrameKind kind, UUID vm, long epoch, long requestId) {
    memory.set(INT, at, MAGIC);
    memory.set(SHORT, at + 4, (short) VERSION);
    memory.set(SHORT, at + 6, (short) kind.code());
    memory.set(LONG, at + 8, vm.getMostSignificantBits());
    memory.set(LONG, at + 16, vm.getLeastSignificantBits());
    memory.set(LONG, at + 24, epoch);
    memory.set(LONG, at + 32, requestId);
    memory.set(LONG, at + 40, 0);
    memory.set(INT, at + 48, 0);
    memory.set(INT, at + 52, 0);
    memory.set(INT, at + 56, 0);
  }

  /** Sets the first page number. */
  public static void page(MemorySegment memory, long at, long page) {
    memory.set(LONG, at + 40, page);
  }

  /** Sets the number of pages, 0..{@link #PAGES_MAX}. */
  public static void count(MemorySegment memory, long at, int count) {
    memory.set(INT, at + 48, count);
  }

  /** Sets the length of the body in bytes, 0..{@link #BODY_BYTES_MAX}. */
  public static void bodyBytes(MemorySegment memory, long at, int bytes) {
    memory.set(INT, at + 52, bytes);
  }

  /** Sets the status, or the traffic class of a HELLO. */
  public static void status(MemorySegment memory, long at, int status) {
    memory.set(INT, at + 56, status);
  }

  /** Writes a descriptor. */
  public static void descriptor(
      MemorySegment memory, long at, int index, long page, int checksum, int flags) {
    long to = at + HEADER_BYTES + (long) index * DESCRIPTOR_BYTES;
    memory.set(LONG, to, page);
    memory.set(INT, to + 8, checksum);
    memory.set(INT, to + 12, flags);
  }

  /** Ends a frame: writes the checksum of its header and descriptors. Change neither after. */
  public static void seal(MemorySegment memory, long at) {
    memory.set(INT, at + 60, headChecksum(memory, at));
  }

  /** The kind; only of a frame that passed {@link #checkHeader}. */
  public static FrameKind kind(MemorySegment memory, long at) {
    FrameKind kind = FrameKind.of(kindCode(memory, at));
    if (kind == null) {
      throw new IllegalStateException("the header was not checked");
    }
    return kind;
  }

  private static int kindCode(MemorySegment memory, long at) {
    return Short.toUnsignedInt(memory.get(SHORT, at + 6));
  }

  /** The VM; allocates. */
  public static UUID vm(MemorySegment memory, long at) {
    return new UUID(memory.get(LONG, at + 8), memory.get(LONG, at + 16));
  }

  /** True when the frame is about that VM. */
  public static boolean isAbout(MemorySegment memory, long at, UUID vm) {
    return memory.get(LONG, at + 8) == vm.getMostSignificantBits()
        && memory.get(LONG, at + 16) == vm.getLeastSignificantBits();
  }

  /** The VM's epoch. */
  public static long epoch(MemorySegment memory, long at) {
    return memory.get(LONG, at + 24);
  }

  /** The id that the answer repeats. */
  public static long requestId(MemorySegment memory, long at) {
    return memory.get(LONG, at + 32);
  }

  /** The first page number. */
  public static long page(MemorySegment memory, long at) {
    return memory.get(LONG, at + 40);
  }

  /** The number of pages. */
  public static int count(MemorySegment memory, long at) {
    return memory.get(INT, at + 48);
  }

  /** The length of the body in bytes. */
  public static int bodyBytes(MemorySegment memory, long at) {
    return memory.get(INT, at + 52);
  }

  /** The status, or the traffic class of a HELLO. */
  public static int status(MemorySegment memory, long at) {
    return memory.get(INT, at + 56);
  }

  /** The page number of a descriptor. */
  public static long descriptorPage(MemorySegment memory, long at, int index) {
    return memory.get(LONG, at + HEADER_BYTES + (long) index * DESCRIPTOR_BYTES);
  }

  /** The checksum of the contents that a descriptor tells of. */
  public static int descriptorChecksum(MemorySegment memory, long at, int index) {
    return memory.get(INT, at + HEADER_BYTES + (long) index * DESCRIPTOR_BYTES + 8);
  }

  /** The flags of a descriptor, see {@link PageFlags}. */
  public static int descriptorFlags(MemorySegment memory, long at, int index) {
    return memory.get(INT, at + HEADER_BYTES + (long) index * DESCRIPTOR_BYTES + 12);
  }

  /** Bytes of descriptors that follow the header of a frame that passed {@link #checkHeader}. */
  public static int descriptorBytes(MemorySegment memory, long at) {
    boolean any = kind(memory, at).hasDescriptors() && bodyBytes(memory, at) > 0;
    return any ? count(memory, at) * DESCRIPTOR_BYTES : 0;
  }

  /**
   * Checks the header of a peer against every limit, so that it can be followed: how much is to be
   * read next is known and bounded.
   *
   * @throws FrameException MALFORMED or VERSION, naming the field
   */
  public static void checkHeader(MemorySegment memory, long at) {
    check(memory.get(INT, at) == MAGIC, "magic", memory.get(INT, at), "not SmV1");
    int version = Short.toUnsignedInt(memory.get(SHORT, at + 4));
    if (version != VERSION) {
      throw new FrameException(
          ErrorCode.VERSION, "version " + version + " of the wire format: here it is " + VERSION);
    }
    FrameKind kind = FrameKind.of(kindCode(memory, at));
    if (kind == null) {
      throw malformed("kind", kindCode(memory, at), "not known");
    }
    int count = count(memory, at);
    int body = bodyBytes(memory, at);
    long page = page(memory, at);
    check(count >= 0 && count <= PAGES_MAX, "count", count, "not in 0..256");
    check(body >= 0 && body <= BODY_BYTES_MAX, "body bytes", body, "not in 0..2 MiB");
    check(page >= 0 && page < PAGE_NUMBER_END, "page", page, "not in 0..2^36-1");
    checkShape(kind, count, body);
  }

  private static void checkShape(FrameKind kind, int count, int body) {
    int descriptors = count * DESCRIPTOR_BYTES;
    switch (kind.body()) {
      case NONE -> {
        check(body == 0, "body bytes", body, "not 0 in a " + kind);
        check(count > 0 || kind != FrameKind.LIST, "count", count, "not in 1..256 in a LIST");
      }
      case BYTES -> {}
      case DESCRIPTORS -> {
        boolean single = kind == FrameKind.GET && count == 1 && body == 0;
        boolean full = (count > 0 || kind == FrameKind.LISTED) && body == descriptors;
        check(single || full, "body bytes", body, "not what the count of a " + kind + " asks for");
      }
      case NAMED -> {
        int name = body - descriptors;
        boolean named = name > 0 && name <= NAME_BYTES_MAX;
        check(count > 0 && named, "body bytes", body, "not descriptors and a name of 1..63 bytes");
      }
      case CONTENTS -> {
        int contents = body - descriptors;
        boolean whole = contents >= 0 && contents % PageSize.BYTES == 0;
        boolean bounded = contents <= count * PageSize.BYTES;
        check(count > 0 && whole && bounded, "body bytes", body, "not " + kind + " descriptors");
      }
    }
  }

  /**
   * Checks what follows the header: the checksum over both, and every descriptor.
   *
   * @throws FrameException MALFORMED, naming the field
   */
  public static void checkDescriptors(MemorySegment memory, long at) {
    int stated = memory.get(INT, at + 60);
    check(stated == headChecksum(memory, at), "header checksum", stated, "not that of the header");
    int descriptors = descriptorBytes(memory, at) / DESCRIPTOR_BYTES;
    int contents = 0;
    for (int i = 0; i < descriptors; i++) {
      long page = descriptorPage(memory, at, i);
      int flags = descriptorFlags(memory, at, i);
      check(page >= 0 && page < PAGE_NUMBER_END, "page", page, "not in 0..2^36-1");
      check(flagsFit(kind(memory, at), flags), "page flags", flags, "not known here");
      if (PageFlags.isRun(flags)) {
        int run = descriptorChecksum(memory, at, i);
        boolean fits = run > 0 && run <= PAGE_NUMBER_END - page;
        check(fits, "pages in a run", run, "not in 1..2^36-1 less the first page");
      }
      contents += PageFlags.hasContents(flags) ? PageSize.BYTES : 0;
    }
    if (kind(memory, at).body() == FrameKind.Body.CONTENTS) {
      int body = bodyBytes(memory, at);
      int wanted = descriptors * DESCRIPTOR_BYTES + contents;
      check(body == wanted, "body bytes", body, "not what the descriptors ask for");
    }
  }

  private static boolean flagsFit(FrameKind kind, int flags) {
    int foreign =
        switch (kind) {
          case PAGES, PULL_ACK -> PageFlags.RUN;
          case PLACE -> PageFlags.ABSENT | PageFlags.GIVEN_UP;
          case PULL -> -1; // what is to be fetched is told by its checksum alone
          default -> PageFlags.ABSENT | PageFlags.GIVEN_UP | PageFlags.RUN;
        };
    return PageFlags.valid(flags) && (flags & foreign) == 0;
  }

  private static int headChecksum(MemorySegment memory, long at) {
    return (int) PageChecksum.ofHeader(memory, at, descriptorBytes(memory, at));
  }

  private static void check(boolean fine, String field, long value, String limit) {
    if (!fine) {
      throw malformed(field, value, limit);
    }
  }

  private static FrameException malformed(String field, long value, String limit) {
    return new FrameException(ErrorCode.MALFORMED, field + " " + value + " is " + limit);
  }
}
