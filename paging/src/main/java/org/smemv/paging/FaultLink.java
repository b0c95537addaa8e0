package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
import java.util.function.LongConsumer;
import org.smemv.linux.IoVector;
import org.smemv.placement.PageSize;

/**
 * The connection on which one sub-host is asked for pages that vCPUs wait for: one small request
 * per page, many under way at once, answers taken without blocking. Owned by the fault loop's
 * thread.
 */
final class FaultLink implements AutoCloseable {
  /** Is given each answer; the contents are only valid during the call. */
  interface Answers {
    /** The sub-host sent the page, and this checksum. */
    void contents(
        FaultLink link, long page, int checksum, MemorySegment memory, long at, long startedNanos);

    /** The sub-host holds the page as zeros, or the guest gave it up there. */
    void zeros(FaultLink link, long page, boolean givenUp, long startedNanos);

    /** The sub-host does not have the page, or refuses it. */
    void missing(FaultLink link, long page, String why);
  }

  /**
   * Requests under way at once: what fits into the sockets' buffers in both directions, so that
   * writing a request never waits. More threads than that may wait for pages, as KVM lets each vCPU
   * have up to 64 page faults open (kvm_async_pf): their pages wait for a slot in turn.
   */
  static final int SLOTS = 256;

  private static final int BUFFER_BYTES = 256 << 10;
  private static final int SLOT_MASK = SLOTS - 1;

  private final int host;
  private final long connection;
  private final UUID vm;
  private final long epoch;
  private final PageLink link;
  private final PageTransport transport;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment request = arena.allocate(PageFrame.HEADER_BYTES, 8);
  private final IoVector out = new IoVector(arena, 1);
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, PageSize.BYTES);
  private final long[] pages = new long[SLOTS];
  private final long[] started = new long[SLOTS];
  private final int[] freeSlots = new int[SLOTS];
  private int free = SLOTS;
  private final PageQueue unsent = new PageQueue();
  private long sequence;
  private int begin;
  private int end;

  /**
   * Takes over a link of class FAULT on which nothing was asked yet.
   *
   * @param connection which of the connections to that sub-host it is; see {@link SubHost#lost}
   */
  FaultLink(int host, long connection, PageLink link) {
    this.host = host;
    this.connection = connection;
    this.vm = link.target().vm();
    this.epoch = link.target().epoch();
    this.link = link;
    this.transport = link.transport();
    out.clear();
    for (int i = 0; i < SLOTS; i++) {
      freeSlots[i] = i;
      pages[i] = -1;
    }
  }

  /** Which of the connections to the sub-host it is. */
  long connection() {
    return connection;
  }

  /** Index of the sub-host. */
  int host() {
    return host;
  }

  /** The descriptor to poll. */
  int fd() {
    return transport.fd();
  }

  /** Requests whose answers are due. */
  int underWay() {
    return SLOTS - free;
  }

  /** Asks for a page: now, or as soon as one of the requests that are under way is answered. */
  void request(long page, long startedNanos) {
    if (free == 0) {
      unsent.add(page, startedNanos);
    } else {
      send(page, startedNanos);
    }
  }

  private void send(long page, long startedNanos) {
    int slot = freeSlots[--free];
    pages[slot] = page;
    started[slot] = startedNanos;
    PageFrame.begin(request, 0, FrameKind.GET, vm, epoch, sequence++ * SLOTS | slot);
    PageFrame.page(request, 0, page);
    PageFrame.count(request, 0, 1);
    PageFrame.seal(request, 0);
    out.clear();
    out.add(request.address(), PageFrame.HEADER_BYTES);
    transport.writeFully(out);
  }

  /**
   * Takes the answers that have arrived.
   *
   * @return how many
   * @throws RuntimeException when the connection is lost or the peer breaks the protocol
   */
  int receive(Answers answers) {
    int got = transport.readNow(buffer, end, BUFFER_BYTES - end);
    if (got == 0) {
      return 0;
    }
    if (got < 0) {
      throw new FrameException(ErrorCode.REFUSED, "the sub-host closed the connection");
    }
    end += got;
    int frames = 0;
    while (true) {
      int length = wholeFrame();
      if (length == 0) {
        break;
      }
      take(answers);
      begin += length;
      frames++;
    }
    sendWaiting();
    compact();
    return frames;
  }

  private void sendWaiting() {
    while (free > 0 && unsent.size() > 0) {
      long page = unsent.firstPage();
      long startedNanos = unsent.firstStarted();
      // Before it is sent: were sending to fail, the page must be given back once, not twice.
      unsent.removeFirst();
      send(page, startedNanos);
    }
  }

  /** Bytes of the frame at {@code begin}, or 0 while it is not complete. */
  private int wholeFrame() {
    int available = end - begin;
    if (available < PageFrame.HEADER_BYTES) {
      return 0;
    }
    PageFrame.checkHeader(buffer, begin);
    int length = PageFrame.HEADER_BYTES + PageFrame.bodyBytes(buffer, begin);
    if (length > BUFFER_BYTES) {
      throw new FrameException(ErrorCode.MALFORMED, "an answer of " + length + " bytes");
    }
    return available < length ? 0 : length;
  }

  private void take(Answers answers) {
    PageFrame.checkDescriptors(buffer, begin);
    int slot = (int) PageFrame.requestId(buffer, begin) & SLOT_MASK;
    long page = pages[slot];
    if (page < 0) {
      throw new FrameException(ErrorCode.MALFORMED, "an answer that was not asked for");
    }
    answer(answers, page, started[slot]);
    // Only now: had installing failed, the page would still be among those under way.
    pages[slot] = -1;
    freeSlots[free++] = slot;
  }

  private void answer(Answers answers, long page, long startedNanos) {
    if (PageFrame.kind(buffer, begin) != FrameKind.PAGES) {
      answers.missing(this, page, errorText());
      return;
    }
    if (PageFrame.count(buffer, begin) != 1 || PageFrame.descriptorPage(buffer, begin, 0) != page) {
      throw new FrameException(ErrorCode.MALFORMED, "an answer about another page than " + page);
    }
    int flags = PageFrame.descriptorFlags(buffer, begin, 0);
    if (PageFlags.isAbsent(flags)) {
      answers.missing(this, page, "the sub-host does not have it");
    } else if (PageFlags.isZero(flags)) {
      answers.zeros(this, page, PageFlags.isGivenUp(flags), startedNanos);
    } else {
      long contents = (long) begin + PageFrame.HEADER_BYTES + PageFrame.DESCRIPTOR_BYTES;
      int checksum = PageFrame.descriptorChecksum(buffer, begin, 0);
      answers.contents(this, page, checksum, buffer, contents, startedNanos);
    }
  }

  private String errorText() {
    byte[] text = new byte[PageFrame.bodyBytes(buffer, begin)];
    MemorySegment.copy(
        buffer,
        java.lang.foreign.ValueLayout.JAVA_BYTE,
        begin + PageFrame.HEADER_BYTES,
        text,
        0,
        text.length);
    return new String(text, java.nio.charset.StandardCharsets.UTF_8);
  }

  private void compact() {
    if (begin == end) {
      begin = 0;
      end = 0;
    } else if (begin > 0) {
      MemorySegment.copy(buffer, begin, buffer, 0, end - begin);
      end -= begin;
      begin = 0;
    }
  }

  /** True when an answer is due for a request made before {@code nanos}. */
  boolean isWaitingSince(long nanos) {
    for (int slot = 0; slot < SLOTS; slot++) {
      if (pages[slot] >= 0 && started[slot] - nanos < 0) {
        return true;
      }
    }
    return false;
  }

  /** The pages that were asked for and have not come, those that wait for a slot among them. */
  void eachUnderWay(LongConsumer page) {
    for (long candidate : pages) {
      if (candidate >= 0) {
        page.accept(candidate);
      }
    }
    unsent.each(page);
  }

  @Override
  public void close() {
    link.close();
    arena.close();
  }
}
