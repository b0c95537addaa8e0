package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.smemv.linux.IoVector;
import org.smemv.placement.PageSize;

/**
 * Gathers frames and writes them in one call: heads are made here, page contents stay where they
 * are until {@link #flush}. Owned by one thread; allocates nothing after it was made.
 */
final class FrameWriter {
  private static final int AREA_BYTES = 64 << 10;
  private static final int MESSAGE_BYTES_MAX = 1024;

  private final PageTransport transport;
  private final MemorySegment area;
  private final IoVector vector;
  private int used;
  private long bytes;
  private long frames;

  FrameWriter(PageTransport transport, Arena arena) {
    this.transport = transport;
    this.area = arena.allocate(AREA_BYTES, 64);
    this.vector = new IoVector(arena, IoVector.PIECES_MAX);
  }

  /** True when a frame with so many pages fits before the next flush. */
  boolean fits(int pages) {
    return used + PageFrame.HEADER_BYTES + pages * PageFrame.DESCRIPTOR_BYTES <= AREA_BYTES
        && pages + 1 <= vector.room();
  }

  /** Starts a frame; its head is at the returned offset of {@link #memory} until {@link #end}. */
  long begin(FrameKind kind, UUID vm, long epoch, long requestId) {
    PageFrame.begin(area, used, kind, vm, epoch, requestId);
    return used;
  }

  /** The memory that heads are made in. */
  MemorySegment memory() {
    return area;
  }

  /** Ends the head that was begun: its count and body length are set, its descriptors written. */
  void end() {
    PageFrame.seal(area, used);
    int head = PageFrame.HEADER_BYTES + PageFrame.descriptorBytes(area, used);
    bytes += PageFrame.HEADER_BYTES + PageFrame.bodyBytes(area, used);
    frames++;
    vector.add(area.address() + used, head);
    used += head;
  }

  /** Appends the contents of a page, which must not change before the next flush. */
  void contents(long address) {
    vector.add(address, PageSize.BYTES);
  }

  /** Appends a part of a body that is elsewhere, under the same condition. */
  void body(long address, int length) {
    vector.add(address, length);
  }

  /** A frame that names pages, and the contents of those that have any. */
  void pages(FrameKind kind, UUID vm, long requestId, PageBatch batch, int from) {
    boolean carries = kind == FrameKind.PUT || kind == FrameKind.PAGES;
    int contents = 0;
    for (int i = from; carries && i < batch.size(); i++) {
      contents += batch.hasContents(i) ? PageSize.BYTES : 0;
    }
    head(kind, vm, requestId, batch, from, batch.page(from), contents);
    for (int i = from; carries && i < batch.size(); i++) {
      if (batch.hasContents(i)) {
        contents(batch.address(i));
      }
    }
  }

  /** Begins and ends a head with descriptors; {@code more} bytes of the body follow them. */
  private void head(
      FrameKind kind, UUID vm, long requestId, PageBatch batch, int from, long page, int more) {
    long at = begin(kind, vm, batch.epoch(), requestId);
    for (int i = from; i < batch.size(); i++) {
      PageFrame.descriptor(area, at, i - from, batch.page(i), batch.checksum(i), batch.flags(i));
    }
    int count = batch.size() - from;
    PageFrame.page(area, at, page);
    PageFrame.count(area, at, count);
    PageFrame.bodyBytes(area, at, count * PageFrame.DESCRIPTOR_BYTES + more);
    end();
  }

  /** A frame that names pages and where to go on after them. */
  void listed(UUID vm, long requestId, PageBatch batch, long next) {
    head(FrameKind.LISTED, vm, requestId, batch, 0, next, 0);
  }

  /** A frame that names pages and the host to fetch them from, written at once. */
  void pull(UUID vm, long requestId, PageBatch batch, byte[] host) {
    flush();
    head(FrameKind.PULL, vm, requestId, batch, 0, batch.page(0), host.length);
    MemorySegment.copy(host, 0, area, ValueLayout.JAVA_BYTE, used, host.length);
    body(area.address() + used, host.length);
    flush();
  }

  /** A frame without a body; it tells a page and a count. */
  void bare(FrameKind kind, UUID vm, long epoch, long requestId, long page, int count) {
    PageFrame.page(area, begin(kind, vm, epoch, requestId), page);
    PageFrame.count(area, used, count);
    end();
  }

  /** A frame without a body. */
  void bare(FrameKind kind, UUID vm, long epoch, long requestId, int count) {
    PageFrame.count(area, begin(kind, vm, epoch, requestId), count);
    end();
  }

  /** A frame with bytes as its body, written at once. */
  void bytes(
      FrameKind kind, UUID vm, long epoch, long requestId, int status, int count, byte[] body) {
    flush();
    long at = begin(kind, vm, epoch, requestId);
    PageFrame.status(area, at, status);
    PageFrame.count(area, at, count);
    PageFrame.bodyBytes(area, at, body.length);
    end();
    int done = 0;
    while (done < body.length) {
      int piece = Math.min(body.length - done, AREA_BYTES - used);
      MemorySegment.copy(body, done, area, ValueLayout.JAVA_BYTE, used, piece);
      vector.add(area.address() + used, piece);
      used += piece;
      done += piece;
      flush();
    }
    flush();
  }

  /** Refuses a request, and says why. */
  void error(UUID vm, long epoch, long requestId, ErrorCode code, String message) {
    byte[] body = message.getBytes(StandardCharsets.UTF_8);
    byte[] cut = body.length <= MESSAGE_BYTES_MAX ? body : cut(message);
    bytes(FrameKind.ERROR, vm, epoch, requestId, code.code(), 0, cut);
  }

  /** A character takes 3 bytes at most, or 4 as a pair of two. */
  private static byte[] cut(String message) {
    int characters = Math.min(message.length(), MESSAGE_BYTES_MAX / 3);
    return message.substring(0, characters).getBytes(StandardCharsets.UTF_8);
  }

  /** Writes all that was gathered; nothing when there is nothing. */
  void flush() {
    if (vector.remaining() > 0) {
      transport.writeFully(vector);
    }
    vector.clear();
    used = 0;
  }

  /** Bytes of all frames written. */
  long bytes() {
    return bytes;
  }

  /** Frames written. */
  long frames() {
    return frames;
  }
}
