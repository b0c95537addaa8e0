package org.smemv.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import org.smemv.linux.IoVector;
import org.smemv.linux.TcpClosedException;
import org.smemv.linux.TcpListener;
import org.smemv.linux.TcpSocket;

/**
 * What a link gives to plain TCP; a program of its own in a host of the lab. On each connection it
 * either sends as fast as it can, or answers requests of 64 bytes with a page and a header, as the
 * first byte says. A thread for each connection, which blocks.
 */
final class LinkProbe {
  /** As much as a GET's header. */
  static final int REQUEST_BYTES = FaultBenchServer.REQUEST_BYTES;

  /** A page and a header. */
  static final int ANSWER_BYTES = FaultBenchServer.ANSWER_BYTES;

  /** The first byte of the first request: send without end. */
  static final byte BULK = 'B';

  /** The first byte of each request: answer it. */
  static final byte PING = 'P';

  /** Bytes of one read or write of a bulk stream. */
  static final int BULK_BYTES = 256 << 10;

  private static final int BACKLOG = 16;

  private LinkProbe() {}

  /** Argument: this host's address. Prints the port, and ends with its input. */
  public static void main(String[] arguments) throws IOException {
    TcpListener listener = TcpListener.bind(new InetSocketAddress(arguments[0], 0), BACKLOG);
    Thread.ofPlatform().daemon().name("link-probe").start(() -> accept(listener));
    System.out.println(listener.address().getPort());
    while (System.in.read() >= 0) {
      // Only its end says something.
    }
    Runtime.getRuntime().halt(0);
  }

  private static void accept(TcpListener listener) {
    for (TcpSocket socket = listener.accept(); socket != null; socket = listener.accept()) {
      TcpSocket accepted = socket;
      Thread.ofPlatform().daemon().name("link-probe-connection").start(() -> serve(accepted));
    }
  }

  private static void serve(TcpSocket socket) {
    try (socket;
        Arena arena = Arena.ofConfined()) {
      socket.noDelay();
      MemorySegment memory = arena.allocate(BULK_BYTES, 64);
      IoVector request = new IoVector(arena, 1);
      while (true) {
        request.clear();
        request.add(memory.address(), REQUEST_BYTES);
        socket.readFully(request);
        boolean bulk = memory.get(ValueLayout.JAVA_BYTE, 0) == BULK;
        do {
          socket.writeFully(memory, 0, bulk ? BULK_BYTES : ANSWER_BYTES);
        } while (bulk);
      }
    } catch (TcpClosedException done) {
      // The other end has what it wanted.
    }
  }
}
