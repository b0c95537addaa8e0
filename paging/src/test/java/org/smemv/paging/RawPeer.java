package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.smemv.linux.IoVector;
import org.smemv.linux.TcpClosedException;
import org.smemv.linux.TcpSocket;

/** A peer that sends any bytes it is told to. */
final class RawPeer implements AutoCloseable {
  final Arena arena = Arena.ofShared();
  final MemorySegment frame = arena.allocate(PageFrame.BODY_BYTES_MAX + (64 << 10), 64);
  final TcpSocket socket;

  RawPeer(PageServer server) {
    socket = TcpSocket.connect(server.address(), ServerFixture.TIMEOUT);
    socket.readTimeout(ServerFixture.TIMEOUT);
  }

  /** Says a right HELLO and takes the WELCOME. */
  static RawPeer greeted(PageServer server, TrafficClass traffic, long epoch, String name) {
    RawPeer peer = new RawPeer(server);
    peer.hello(ServerFixture.VM, traffic.code(), epoch, name);
    if (!peer.answer().equals("WELCOME")) {
      throw new AssertionError(peer.text());
    }
    return peer;
  }

  void hello(UUID vm, int traffic, long epoch, String name) {
    hello(vm, traffic, 0, epoch, name);
  }

  void hello(UUID vm, int traffic, int lane, long epoch, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    PageFrame.begin(frame, 0, FrameKind.HELLO, vm, epoch, 1);
    PageFrame.status(frame, 0, traffic);
    PageFrame.count(frame, 0, lane);
    PageFrame.bodyBytes(frame, 0, bytes.length);
    PageFrame.seal(frame, 0);
    MemorySegment.copy(bytes, 0, frame, ValueLayout.JAVA_BYTE, 64, bytes.length);
    send(64 + bytes.length);
  }

  /** Makes a PUT of pages first.. with seeds of their number plus salt; returns its length. */
  int put(long epoch, long first, int count, long salt) {
    PageFrame.begin(frame, 0, FrameKind.PUT, ServerFixture.VM, epoch, 5);
    PageFrame.count(frame, 0, count);
    PageFrame.bodyBytes(frame, 0, count * (16 + 4096));
    int contents = 64 + count * 16;
    for (int i = 0; i < count; i++) {
      long at = contents + i * 4096L;
      TestPages.fill(frame.address() + at, first + i + salt);
      PageFrame.descriptor(frame, 0, i, first + i, PageChecksum.of(frame, at), 0);
    }
    PageFrame.seal(frame, 0);
    return contents + count * 4096;
  }

  /** Makes a GET of one page; returns its length. */
  int get(long epoch, long page) {
    PageFrame.begin(frame, 0, FrameKind.GET, ServerFixture.VM, epoch, 6);
    PageFrame.page(frame, 0, page);
    PageFrame.count(frame, 0, 1);
    PageFrame.seal(frame, 0);
    return 64;
  }

  void send(int length) {
    socket.writeFully(frame, 0, length);
  }

  /** Reads an answer: its kind, or the code of an ERROR, or "closed" when there is none. */
  String answer() {
    try {
      read(0, 64);
    } catch (TcpClosedException e) {
      return "closed";
    }
    PageFrame.checkHeader(frame, 0);
    int body = PageFrame.bodyBytes(frame, 0);
    if (body > 0) {
      read(64, body);
    }
    FrameKind kind = PageFrame.kind(frame, 0);
    return kind == FrameKind.ERROR ? ErrorCode.of(PageFrame.status(frame, 0)).name() : kind.name();
  }

  /** The body of the answer. */
  String text() {
    byte[] body = frame.asSlice(64, PageFrame.bodyBytes(frame, 0)).toArray(ValueLayout.JAVA_BYTE);
    return new String(body, StandardCharsets.UTF_8);
  }

  private void read(long at, int length) {
    IoVector into = new IoVector(arena, 1);
    into.add(frame.address() + at, length);
    socket.readFully(into);
  }

  @Override
  public void close() {
    socket.close();
    arena.close();
  }
}
