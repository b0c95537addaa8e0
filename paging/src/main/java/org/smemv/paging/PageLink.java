package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.smemv.linux.SystemCallException;
import org.smemv.linux.TcpClosedException;
import org.smemv.linux.TcpSocket;
import org.smemv.linux.TcpTimeoutException;

/**
 * One connection to another host's {@link PageServer}, blocking, for one thread at a time. Requests
 * may be sent ahead of their answers; answers come in the order of the requests.
 *
 * <p>Every failure is a {@link PageLinkException}. After one that {@link PageLinkException#isLost}
 * the link can only be closed; after another it goes on. {@link #shutdown} may be called by any
 * thread.
 */
public final class PageLink implements AutoCloseable {
  /**
   * Requests that may be under way at once. Bounded, as a peer that cannot write its answers stops
   * reading requests.
   */
  public static final int REQUESTS_MAX = 64;

  private final LinkTarget target;
  private final PageTransport transport;
  private final Arena arena = Arena.ofShared();
  private final FrameReader reader;
  private final FrameWriter writer;
  private String hostName = "";
  private final LinkExchange exchange;
  private boolean closed;

  private PageLink(LinkTarget target, PageTransport transport) {
    this.target = target;
    this.transport = transport;
    this.reader = new FrameReader(transport, arena);
    this.writer = new FrameWriter(transport, arena);
    this.exchange = new LinkExchange(target, reader, writer);
  }

  /**
   * Connects and introduces this host.
   *
   * @throws PageLinkException when the host cannot be reached in time, or refuses: UNKNOWN_VM,
   *     STALE_EPOCH, REFUSED
   */
  public static PageLink open(LinkTarget target) {
    PageLink link;
    try {
      link = new PageLink(target, PageTransport.over(connect(target)));
    } catch (TcpTimeoutException | SystemCallException | IllegalArgumentException e) {
      String reason = String.valueOf(e.getMessage());
      throw PageLinkException.lost(target.address(), target.vm(), reason, e);
    }
    try {
      link.hello();
      return link;
    } catch (RuntimeException e) {
      link.close();
      throw e;
    }
  }

  private static TcpSocket connect(LinkTarget target) {
    TcpSocket socket = TcpSocket.connect(target.address(), target.timeout());
    try {
      socket.noDelay();
      socket.keepAlive(target.timeout());
      socket.readTimeout(target.timeout());
      socket.writeTimeout(target.timeout());
      return socket;
    } catch (SystemCallException e) {
      socket.close();
      throw e;
    }
  }

  private void hello() {
    byte[] caller = target.caller().getBytes(StandardCharsets.UTF_8);
    int traffic = target.traffic().code();
    exchange.exchange(
        FrameKind.WELCOME,
        id ->
            writer.bytes(
                FrameKind.HELLO, target.vm(), target.epoch(), id, traffic, target.lane(), caller));
    hostName = new String(reader.body(), StandardCharsets.UTF_8);
  }

  /** Where the link leads. */
  public LinkTarget target() {
    return target;
  }

  /** The name that the other host gave itself. */
  public String hostName() {
    return hostName;
  }

  /** What the frames cross on, for a loop that must not block; see {@link FaultLink}. */
  PageTransport transport() {
    return transport;
  }

  /** The descriptor, for a loop that waits on several; see {@link #hasBuffered}. */
  public int fd() {
    return transport.fd();
  }

  /** True when an answer, or a part of one, was already read, so that poll(2) may not tell. */
  public boolean hasBuffered() {
    return reader.hasBuffered();
  }

  /** Requests whose answers are due. */
  public int underWay() {
    return exchange.underWay();
  }

  /** How long to look for an answer before sleeping; none at first. */
  public void spin(Duration spin) {
    reader.spinNanos(spin.toNanos());
  }

  /** How long to wait for each answer from now on, instead of the target's time-out. */
  void patience(Duration timeout) {
    transport.readTimeout(timeout);
  }

  /**
   * Gets pages into {@code into}, the {@code i}-th to byte {@code i} x 4096. The batch then says
   * which are zero or absent, and has the checksums, which were verified.
   */
  public void get(PageBatch pages, MemorySegment into) {
    for (int i = 0; i < pages.size(); i++) {
      MemorySegment place = into.asSlice((long) i << 12, 1 << 12);
      pages.address(i, place.address(), -1);
    }
    get(pages);
  }

  /** Gets pages to the addresses that the batch has for them. */
  public void get(PageBatch pages) {
    requestPages(pages);
    receivePages(pages);
  }

  /** Asks for pages without waiting; {@link #receivePages} is to follow, in the same order. */
  public void requestPages(PageBatch pages) {
    long id = exchange.begin();
    try {
      pages.epoch(target.epoch());
      for (int i = 0; i < pages.size(); i++) {
        pages.found(i, 0, 0);
      }
      writer.pages(FrameKind.GET, target.vm(), id, pages, 0);
      writer.flush();
    } catch (TcpTimeoutException | TcpClosedException | SystemCallException e) {
      throw exchange.lost(e);
    }
  }

  /**
   * Waits for the answer to the oldest request that has none yet.
   *
   * @param pages what was asked for, with the addresses where contents go
   * @throws PageLinkException also CHECKSUM when a page came damaged; all of the answer was read
   */
  public void receivePages(PageBatch pages) {
    answer(FrameKind.PAGES);
    int wrong;
    try {
      match(pages);
      wrong = reader.contents(pages);
    } catch (TcpTimeoutException | TcpClosedException | SystemCallException e) {
      throw exchange.lost(e);
    }
    if (wrong >= 0) {
      String text = "page " + pages.page(wrong) + " came damaged";
      throw PageLinkException.refused(
          target.address(), target.vm(), ErrorCode.CHECKSUM, false, text);
    }
  }

  private void match(PageBatch pages) {
    MemorySegment memory = reader.memory();
    boolean same = PageFrame.count(memory, reader.at()) == pages.size();
    for (int i = 0; same && i < pages.size(); i++) {
      same = PageFrame.descriptorPage(memory, reader.at(), i) == pages.page(i);
      pages.found(
          i,
          PageFrame.descriptorChecksum(memory, reader.at(), i),
          PageFrame.descriptorFlags(memory, reader.at(), i));
    }
    if (!same) {
      throw exchange.lost("it answered with other pages than were asked for", null);
    }
  }

  /** Stores pages on the host, and waits until it has them. */
  public void put(PageBatch pages) {
    send(FrameKind.PUT, pages);
    answer(FrameKind.PUT_ACK);
  }

  /** Has the host forget pages, and waits until it did. */
  public void drop(PageBatch pages) {
    send(FrameKind.DROP, pages);
    answer(FrameKind.DROP_ACK);
  }

  /** Tells an incoming main host where pages are, and waits until it knows. */
  public void place(PageBatch pages) {
    send(FrameKind.PLACE, pages);
    answer(FrameKind.PLACE_ACK);
  }

  /**
   * Has the host fetch pages from another host, unless it holds some under their numbers, and waits
   * until it did.
   *
   * @param pages with the checksums that are wanted and no flags; then says what the host has under
   *     each number: ABSENT, or a checksum
   * @param from the name of the other host, 1..63 bytes
   * @throws PageLinkException CAPACITY or REFUSED (the other host cannot be asked), and nothing has
   *     changed; when the link is lost, pages may be stored until a successor of it is let in
   */
  public void pull(PageBatch pages, String from) {
    byte[] name = from.getBytes(StandardCharsets.UTF_8);
    pages.epoch(target.epoch());
    exchange.exchange(FrameKind.PULL_ACK, id -> writer.pull(target.vm(), id, pages, name));
    match(pages);
  }

  /**
   * Asks which pages the host holds.
   *
   * @param first the first page number asked about
   * @param max pages in the answer, 1..256
   * @param into receives them, ascending, with their checksums
   * @return where to go on; 0 when there are no more
   */
  public long list(long first, int max, PageBatch into) {
    exchange.exchange(
        FrameKind.LISTED,
        id -> writer.bare(FrameKind.LIST, target.vm(), target.epoch(), id, first, max));
    into.clear();
    reader.pages(into);
    long next = PageFrame.page(reader.memory(), reader.at());
    long after = first - 1;
    boolean ascending = into.size() <= max;
    for (int i = 0; i < into.size(); i++) {
      ascending &= into.page(i) > after;
      after = into.page(i);
    }
    if (!ascending || (next != 0 && next <= after)) {
      throw exchange.lost("it listed pages out of order", null);
    }
    return next;
  }

  /**
   * Sends a PUT, DROP or PLACE; the answer is due. Used by {@link PageSendWindow}. When it returns,
   * the kernel has the contents, so that their memory may change.
   */
  void send(FrameKind kind, PageBatch pages) {
    long id = exchange.begin();
    try {
      pages.epoch(target.epoch());
      writer.pages(kind, target.vm(), id, pages, 0);
      writer.flush();
    } catch (TcpTimeoutException | TcpClosedException | SystemCallException e) {
      throw exchange.lost(e);
    }
  }

  /**
   * Asks the other host's control plane, with the time-out of the target.
   *
   * @param request at most {@link PageFrame#BODY_BYTES_MAX} bytes
   */
  public byte[] control(byte[] request) {
    return control(request, target.timeout());
  }

  /** Asks the other host's control plane, and waits for the answer as long as is said here. */
  public byte[] control(byte[] request, Duration timeout) {
    if (request.length > PageFrame.BODY_BYTES_MAX) {
      throw new IllegalArgumentException("a request of " + request.length + " bytes");
    }
    transport.readTimeout(timeout);
    try {
      exchange.exchange(
          FrameKind.CONTROL_REPLY,
          id -> writer.bytes(FrameKind.CONTROL, target.vm(), 0, id, 0, 0, request));
      return reader.body();
    } catch (TcpTimeoutException | TcpClosedException | SystemCallException e) {
      throw exchange.lost(e);
    }
  }

  /** Sends a part of a device stream, at most {@link PageFrame#BODY_BYTES_MAX} bytes. */
  public void sendBody(ByteBuffer bytes) {
    if (!bytes.isDirect()) {
      throw new IllegalArgumentException("the bytes of a device stream come from a direct buffer");
    }
    MemorySegment part = MemorySegment.ofBuffer(bytes);
    int length = bytes.remaining();
    try {
      long at = writer.begin(FrameKind.BODY, target.vm(), target.epoch(), 0);
      PageFrame.bodyBytes(writer.memory(), at, length);
      writer.end();
      writer.body(part.address(), length);
      writer.flush();
    } catch (TcpTimeoutException | TcpClosedException | SystemCallException e) {
      throw exchange.lostOrRefused(e);
    }
  }

  /** Ends a device stream; returns when the other host has taken all of it. */
  public void endBody() {
    exchange.exchange(
        FrameKind.BODY_END,
        id -> writer.bare(FrameKind.BODY_END, target.vm(), target.epoch(), id, 0));
  }

  /** Waits for the answer to the oldest request and checks that it is one. */
  void answer(FrameKind wanted) {
    exchange.answer(wanted);
  }

  /** The count of the last answer. */
  int answeredPages() {
    return PageFrame.count(reader.memory(), reader.at());
  }

  /** Bytes of frames sent. */
  public long bytesSent() {
    return writer.bytes();
  }

  /** Bytes of frames received. */
  public long bytesReceived() {
    return reader.bytes();
  }

  /** Frames sent. */
  public long framesSent() {
    return writer.frames();
  }

  /** Frames received. */
  public long framesReceived() {
    return reader.frames();
  }

  /** Ends the connection and wakes the thread that waits in it; any thread. */
  public void shutdown() {
    transport.shutdown();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      exchange.end();
      transport.close();
      arena.close();
    }
  }
}
