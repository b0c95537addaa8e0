package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.smemv.linux.IoVector;
import org.smemv.linux.NativeMemory;
import org.smemv.linux.TcpTimeoutException;
import org.smemv.placement.PageSize;

/**
 * Reads frames one after the other. Headers and descriptors come through a small buffer, so that
 * many requests take one call; page contents go to where they belong, and only the few bytes that
 * came along with a header are copied. Owned by one thread; allocates nothing after it was made,
 * but for bodies of bytes.
 */
final class FrameReader {
  /** Room for some small frames: a call costs more than copying a page or two. */
  static final int BUFFER_BYTES = 64 << 10;

  /** After a frame larger than this, only a head is read ahead, so that contents go uncopied. */
  private static final int SMALL_FRAME_BYTES = 16 << 10;

  /**
   * Pages between two looks at checksums: 128 KiB, so that what the kernel has just copied is still
   * in the processor's cache.
   */
  private static final int CHECK_PAGES = 32;

  private final PageTransport transport;
  private final MemorySegment buffer;
  private final IoVector vector;
  private long spinNanos;
  private boolean patient;
  private int start;
  private int end;
  private int at;
  private int bodyLeft;
  private int readAhead = BUFFER_BYTES;
  private long bytes;
  private long frames;

  FrameReader(PageTransport transport, Arena arena) {
    this.transport = transport;
    this.buffer = arena.allocate(BUFFER_BYTES, 64);
    this.vector = new IoVector(arena, PageFrame.PAGES_MAX + 1);
  }

  /** How long to look for a frame again and again before blocking, in nanoseconds. */
  void spinNanos(long nanos) {
    spinNanos = nanos;
  }

  /** Whether the time-out of the transport is for the middle of a frame only. */
  void patient(boolean isPatient) {
    patient = isPatient;
  }

  /** True when the next frame can be read without waiting, body and all. */
  boolean nextIsBuffered() {
    int have = end - start - bodyLeft;
    return have >= PageFrame.HEADER_BYTES
        && have - PageFrame.HEADER_BYTES >= PageFrame.bodyBytes(buffer, start + bodyLeft);
  }

  /** True when bytes were read that belong to no frame returned yet. */
  boolean hasBuffered() {
    return end - start > bodyLeft;
  }

  /**
   * Reads the next header with its descriptors, after what is left of the body before; both are
   * valid until the next call. False at the end of the stream.
   *
   * @throws FrameException MALFORMED or VERSION; the stream cannot be followed any further
   */
  boolean next() {
    skipBody();
    if (!fill(PageFrame.HEADER_BYTES, true)) {
      return false;
    }
    PageFrame.checkHeader(buffer, start);
    int descriptors = PageFrame.descriptorBytes(buffer, start);
    fill(PageFrame.HEADER_BYTES + descriptors, false);
    PageFrame.checkDescriptors(buffer, start);
    at = start;
    start += PageFrame.HEADER_BYTES + descriptors;
    bodyLeft = PageFrame.bodyBytes(buffer, at) - descriptors;
    int frameBytes = PageFrame.HEADER_BYTES + PageFrame.bodyBytes(buffer, at);
    readAhead = frameBytes <= SMALL_FRAME_BYTES ? BUFFER_BYTES : PageFrame.HEAD_BYTES_MAX;
    bytes += frameBytes;
    frames++;
    return true;
  }

  /** The memory that the head of the frame is in. */
  MemorySegment memory() {
    return buffer;
  }

  /** Where in {@link #memory} the head of the frame starts. */
  long at() {
    return at;
  }

  FrameKind kind() {
    return PageFrame.kind(buffer, at);
  }

  long requestId() {
    return PageFrame.requestId(buffer, at);
  }

  /** Adds the pages that the frame names to a batch. */
  void pages(PageBatch to) {
    int count = PageFrame.count(buffer, at);
    if (count > 0 && PageFrame.descriptorBytes(buffer, at) == 0) {
      to.add(PageFrame.page(buffer, at));
      return;
    }
    for (int i = 0; i < count; i++) {
      to.add(
          PageFrame.descriptorPage(buffer, at, i),
          PageFrame.descriptorChecksum(buffer, at, i),
          PageFrame.descriptorFlags(buffer, at, i));
    }
  }

  /**
   * Reads the contents of all pages of the batch to their addresses and compares them with their
   * checksums; returns the index of a page that is wrong, or -1. Reads all in any case.
   */
  int contents(PageBatch batch) {
    int wrong = -1;
    for (int from = 0; from < batch.size(); from += CHECK_PAGES) {
      int to = Math.min(from + CHECK_PAGES, batch.size());
      contents(batch, from, to);
      for (int i = from; i < to; i++) {
        if (batch.hasContents(i)
            && PageChecksum.of(NativeMemory.all(), batch.address(i)) != batch.checksum(i)) {
          wrong = i;
        }
      }
    }
    return wrong;
  }

  private void contents(PageBatch batch, int from, int to) {
    vector.clear();
    for (int i = from; i < to; i++) {
      if (batch.hasContents(i)) {
        int came = Math.min(end - start, PageSize.BYTES);
        if (came > 0) {
          MemorySegment.copy(buffer, start, NativeMemory.all(), batch.address(i), came);
          start += came;
        }
        if (came < PageSize.BYTES) {
          vector.add(batch.address(i) + came, PageSize.BYTES - came);
        }
        bodyLeft -= PageSize.BYTES;
      }
    }
    transport.readFully(vector);
  }

  /** Reads the body as bytes; allocates. */
  byte[] body() {
    byte[] body = new byte[bodyLeft];
    int done = 0;
    while (bodyLeft > 0) {
      int piece = piece();
      MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, start, body, done, piece);
      done += piece;
      taken(piece);
    }
    return body;
  }

  /** Hands the body on, piece by piece. */
  void body(BodySink sink) {
    while (bodyLeft > 0) {
      int piece = piece();
      sink.accept(buffer.asSlice(start, piece).asByteBuffer().asReadOnlyBuffer());
      taken(piece);
    }
  }

  /** Reads what is left of the body and forgets it; the head is gone too. */
  void skipBody() {
    while (bodyLeft > 0) {
      taken(piece());
    }
  }

  /** Bytes of the body that are in the buffer, at least 1. */
  private int piece() {
    if (start == end) {
      readAhead = Math.min(BUFFER_BYTES, bodyLeft);
      fill(1, false);
    }
    return Math.min(end - start, bodyLeft);
  }

  private void taken(int count) {
    start += count;
    bodyLeft -= count;
  }

  /** Has {@code wanted} bytes in the buffer; false when the stream ends before the first. */
  private boolean fill(int wanted, boolean first) {
    if (start == end || start + wanted > BUFFER_BYTES) {
      MemorySegment.copy(buffer, start, buffer, 0, end - start);
      end -= start;
      start = 0;
    }
    while (end - start < wanted) {
      int room = Math.min(BUFFER_BYTES - end, Math.max(readAhead, wanted - (end - start)));
      int got = first && start == end ? readFirst(room) : transport.read(buffer, end, room);
      if (got < 0) {
        if (first && start == end) {
          return false;
        }
        endedEarly(wanted - (end - start));
      }
      end += got;
    }
    return true;
  }

  /** The transport knows best how to say that its stream ended where bytes were due. */
  private void endedEarly(int missing) {
    vector.clear();
    vector.add(buffer.address() + end, missing);
    transport.readFully(vector);
    throw new IllegalStateException("a stream that had ended went on");
  }

  private int readFirst(int room) {
    int spun = spinNanos > 0 ? spin(room) : 0;
    if (spun != 0) {
      return spun;
    }
    while (true) {
      try {
        return transport.read(buffer, 0, room);
      } catch (TcpTimeoutException e) {
        if (!patient) {
          throw e;
        }
      }
    }
  }

  /** Yields between two looks, as the peer may wait for this very processor on a small host. */
  @SuppressWarnings("ThreadPriorityCheck") // nothing depends on the yield but the time it takes
  private int spin(int room) {
    long until = System.nanoTime() + spinNanos;
    do {
      int got = transport.readNow(buffer, 0, room);
      if (got != 0) {
        return got;
      }
      Thread.yield();
    } while (System.nanoTime() - until < 0);
    return 0;
  }

  /** Bytes of all frames read. */
  long bytes() {
    return bytes;
  }

  /** Frames read. */
  long frames() {
    return frames;
  }
}
