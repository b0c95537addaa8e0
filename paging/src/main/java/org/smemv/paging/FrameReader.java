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
  /**
   * Room for the largest head and for some small frames. More would mean more copying of contents
   * that could have gone straight to their place.
   */
  static final int BUFFER_BYTES = 16 << 10;

  private final PageTransport transport;
  private final MemorySegment buffer;
  private final IoVector vector;
  private long spinNanos;
  private boolean patient;
  private int start;
  private int end;
  private int at;
  private int bodyLeft;
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
    bytes += PageFrame.HEADER_BYTES + PageFrame.bodyBytes(buffer, at);
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
    if (PageFrame.descriptorBytes(buffer, at) == 0) {
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

  /** Reads the contents of pages {@code from} to {@code to}-1 of the batch to their addresses. */
  void contents(PageBatch batch, int from, int to) {
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
      sink.accept(buffer, start, piece);
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
      start = 0;
      end = 0;
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
      int got =
          first && start == end ? readFirst() : transport.read(buffer, end, BUFFER_BYTES - end);
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

  private int readFirst() {
    if (spinNanos > 0) {
      long until = System.nanoTime() + spinNanos;
      do {
        int got = transport.readNow(buffer, 0, BUFFER_BYTES);
        if (got != 0) {
          return got;
        }
        Thread.onSpinWait();
      } while (System.nanoTime() - until < 0);
    }
    while (true) {
      try {
        return transport.read(buffer, 0, BUFFER_BYTES);
      } catch (TcpTimeoutException e) {
        if (!patient) {
          throw e;
        }
      }
    }
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
