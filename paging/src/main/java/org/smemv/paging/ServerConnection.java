package org.smemv.paging;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.linux.SystemCallException;
import org.smemv.linux.TcpClosedException;
import org.smemv.linux.TcpTimeoutException;

/**
 * One connection of a peer: HELLO, then its requests in order, on the thread that {@link #run}s it.
 * Other threads may {@link #stop} it and wait for its end.
 */
final class ServerConnection implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);
  static final Pattern HOST_NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}");

  /** How long an ended connection is read on, so that its peer sees the ERROR before the reset. */
  private static final Duration LINGER = Duration.ofMillis(200);

  private final PageTransport transport;
  private final PageServer.Services services;
  private final PageServer.Options options;
  private final ServerConnections connections;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Arena arena = Arena.ofShared();
  private final FrameReader reader;
  private final FrameWriter writer;
  private final PagePuller puller;
  private final ServedPages served;
  private volatile boolean stopped;
  private volatile @Nullable ServerConnection predecessor;
  private volatile @Nullable ConnectionKey key;

  ServerConnection(
      PageTransport transport,
      PageServer.Services services,
      PageServer.Options options,
      ServerConnections connections,
      ServedPages served) {
    this.transport = transport;
    this.services = services;
    this.options = options;
    this.connections = connections;
    this.served = served;
    this.reader = new FrameReader(transport, arena);
    this.writer = new FrameWriter(transport, arena);
    this.puller = new PagePuller(services.addresses(), options.hostName());
  }

  @Override
  public void run() {
    try {
      serve();
    } catch (FrameException e) {
      LOG.info("{} ({}) refused: {}", transport.peer(), key, e.getMessage());
      sayGoodbye(e.code(), e.getMessage());
    } catch (TcpClosedException | TcpTimeoutException | SystemCallException e) {
      LOG.debug("{} ({}) lost: {}", transport.peer(), key, e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("{} ({}) failed", transport.peer(), key, e);
      sayGoodbye(ErrorCode.INTERNAL, e.toString());
    } finally {
      try {
        puller.close();
        transport.close();
        arena.close();
      } finally { // whatever broke: others wait for its end before they let memory go
        connections.remove(this, key, predecessorEnded());
        ended.countDown();
      }
    }
  }

  private void serve() {
    if (!reader.next()) {
      return; // a port scan, or the check that somebody listens
    }
    ConnectionKey hello = hello();
    key = hello;
    long epoch = PageFrame.epoch(reader.memory(), reader.at());
    long requestId = reader.requestId();
    switch (hello.traffic()) {
      case CONTROL -> {
        welcome(hello, epoch, requestId);
        serveControl();
      }
      case BODY -> {
        BodySink sink = services.holders().bodySink(hello.vm(), epoch);
        if (sink == null) {
          throw unknown(hello.vm());
        }
        takePlace(hello); // after the check of the epoch, as below
        new BodyReceiver(hello.vm(), epoch, reader, writer)
            .receive(sink, () -> welcome(hello, epoch, requestId));
      }
      case FAULT, PREFETCH, BULK -> {
        PageHolder holder = services.holders().holder(hello.vm(), hello.caller(), epoch);
        if (holder == null) {
          throw unknown(hello.vm());
        }
        admit(holder, hello.traffic(), epoch); // first: a stale caller ends nobody's connection
        ConnectionKey place = holder instanceof IncomingMemory ? hello.forArrival() : hello;
        key = place;
        takePlace(place);
        welcome(hello, epoch, requestId);
        hello.traffic().takeThread();
        reader.spinNanos(hello.traffic() == TrafficClass.FAULT ? options.spin().toNanos() : 0);
        servePages(holder, hello.traffic());
      }
    }
  }

  private static void admit(PageHolder holder, TrafficClass traffic, long epoch) {
    if (traffic.readsOnly()) {
      holder.admitReader(epoch);
    } else {
      holder.admit(epoch);
    }
  }

  /** Reads who calls. */
  private ConnectionKey hello() {
    FrameKind kind = reader.kind();
    UUID vm = PageFrame.vm(reader.memory(), reader.at());
    int lane = PageFrame.count(reader.memory(), reader.at());
    int code = PageFrame.status(reader.memory(), reader.at());
    TrafficClass traffic = TrafficClass.of(code);
    if (kind != FrameKind.HELLO) {
      throw malformed("a connection starts with HELLO, not " + kind);
    }
    if (traffic == null) {
      throw malformed("traffic class " + code + " is not known");
    }
    if (LinkTarget.NO_VM.equals(vm) != (traffic == TrafficClass.CONTROL)) {
      throw malformed("a " + traffic + " connection for VM " + vm);
    }
    if (lane < 0 || lane >= traffic.lanes()) {
      throw malformed(
          "lane %d of a %s connection: there are %d".formatted(lane, traffic, traffic.lanes()));
    }
    String caller = new String(reader.body(), StandardCharsets.UTF_8);
    if (!HOST_NAME.matcher(caller).matches()) {
      throw malformed("the calling host's name is not one");
    }
    return new ConnectionKey(vm, traffic, caller, lane, false);
  }

  /** Ends the older connection with the same key and waits until nothing of it can come. */
  private void takePlace(ConnectionKey hello) {
    ServerConnection before = connections.replace(hello, this);
    predecessor = before;
    if (before != null && !before.awaitEnd(options.timeout())) {
      throw new FrameException(
          ErrorCode.REFUSED, "the older " + hello + " has not ended; try again");
    }
    predecessor = null;
  }

  private void welcome(ConnectionKey hello, long epoch, long requestId) {
    byte[] name = options.hostName().getBytes(StandardCharsets.UTF_8);
    writer.bytes(FrameKind.WELCOME, hello.vm(), epoch, requestId, 0, 0, name);
    reader.patient(true);
  }

  private void serveControl() {
    while (!stopped && reader.next()) {
      long requestId = reader.requestId();
      try {
        if (reader.kind() != FrameKind.CONTROL) {
          throw malformed(reader.kind() + " on a CONTROL connection");
        }
        byte[] reply = services.control().handle(reader.body());
        if (reply.length > PageFrame.BODY_BYTES_MAX) {
          throw new FrameException(
              ErrorCode.INTERNAL, "the answer of " + reply.length + " bytes does not fit a frame");
        }
        writer.bytes(FrameKind.CONTROL_REPLY, LinkTarget.NO_VM, 0, requestId, 0, 0, reply);
      } catch (FrameException e) {
        answerError(LinkTarget.NO_VM, 0, requestId, e);
      }
    }
  }

  private void servePages(PageHolder holder, TrafficClass traffic) {
    PageRequests requests = new PageRequests(holder, traffic, reader, writer, puller, served);
    try {
      while (true) {
        if (!reader.nextIsBuffered()) {
          requests.flush();
        }
        if (stopped || !reader.next()) {
          return;
        }
        servePages(holder, requests);
      }
    } finally {
      requests.release();
    }
  }

  private void servePages(PageHolder holder, PageRequests requests) {
    long requestId = reader.requestId();
    long epoch = PageFrame.epoch(reader.memory(), reader.at());
    try {
      if (!PageFrame.isAbout(reader.memory(), reader.at(), holder.vm())) {
        throw malformed("the connection is for VM " + holder.vm() + ", a frame is for another");
      }
      requests.handle(reader.kind(), epoch, requestId);
    } catch (FrameException e) {
      requests.flush();
      answerError(holder.vm(), epoch, requestId, e);
    }
  }

  /** Answers with an ERROR; the connection goes on when the peer's stream can be followed. */
  private void answerError(UUID vm, long epoch, long requestId, FrameException error) {
    if (error.code().endsConnection()) {
      throw error;
    }
    reader.skipBody();
    writer.error(vm, epoch, requestId, error.code(), String.valueOf(error.getMessage()));
  }

  /**
   * The last ERROR of a connection. To close with bytes unread would send a reset, which can
   * overtake the message: so reads on for a moment.
   */
  private void sayGoodbye(ErrorCode code, @Nullable String message) {
    try {
      writer.error(LinkTarget.NO_VM, 0, 0, code, String.valueOf(message));
      transport.shutdownOutput();
      transport.readTimeout(LINGER);
      long until = System.nanoTime() + LINGER.toNanos();
      int got = 1;
      while (got > 0 && System.nanoTime() - until < 0) {
        got = transport.read(reader.memory(), 0, FrameReader.BUFFER_BYTES);
      }
    } catch (RuntimeException gone) {
      LOG.debug("{} did not wait for its error", transport.peer());
    }
  }

  /** Refuses a connection before it has said anything. */
  void refuse(String message) {
    sayGoodbye(ErrorCode.REFUSED, message);
    transport.close();
    arena.close();
  }

  /** Ends a connection that never got a thread. It is uncounted before its peer can notice. */
  void abandon() {
    connections.remove(this, null, true);
    transport.close();
    arena.close();
    ended.countDown();
  }

  /** Ends the connection soon; any thread. */
  void stop() {
    stopped = true;
    puller.stop();
    transport.shutdown();
  }

  /** Waits until the thread of this connection, and those it took the place of, are done. */
  boolean awaitEnd(Duration timeout) {
    long until = System.nanoTime() + timeout.toNanos();
    try {
      for (ServerConnection each = this; each != null; each = each.predecessor) {
        if (!each.ended.await(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          return false;
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private boolean predecessorEnded() {
    ServerConnection before = predecessor;
    return before == null || before.awaitEnd(Duration.ZERO);
  }

  boolean isForArrival() {
    ConnectionKey mine = key;
    return mine != null && (mine.arrival() || mine.traffic() == TrafficClass.BODY);
  }

  boolean isFor(UUID vm) {
    ConnectionKey mine = key;
    return mine != null && mine.vm().equals(vm);
  }

  private static FrameException malformed(String message) {
    return new FrameException(ErrorCode.MALFORMED, message);
  }

  private FrameException unknown(UUID vm) {
    return new FrameException(
        ErrorCode.UNKNOWN_VM, "host " + options.hostName() + " holds nothing of VM " + vm);
  }
}
