package org.smemv.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.UUID;
import org.smemv.linux.IoVector;
import org.smemv.linux.TcpListener;
import org.smemv.linux.TcpSocket;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageServer;
import org.smemv.paging.PageStore;
import org.smemv.paging.SlabPool;
import org.smemv.paging.TrafficClass;

/**
 * The sub-host of {@link FaultBench}: a page server that holds all pages of the VM, and beside it
 * the server of the ping-pong, whose one thread blocks in a read and answers each request of 64
 * bytes with 4160.
 */
final class FaultBenchServer {
  /** The VM whose pages it holds. */
  static final UUID VM = new UUID(0, 2);

  /** As much as a GET's header. */
  static final int REQUEST_BYTES = 64;

  /** A page and a header. */
  static final int ANSWER_BYTES = 64 + 4096;

  private FaultBenchServer() {}

  /** Arguments: this host's address, pages. Prints both ports, and ends with its input. */
  public static void main(String[] arguments) throws IOException {
    String address = arguments[0];
    long pages = Long.parseLong(arguments[1]);
    SlabPool pool = new SlabPool(pages, 64);
    PageStore store = new PageStore(VM, pool, pages, pages, 1);
    PageServer server = BenchPageServer.start(new InetSocketAddress(address, 0), "sub", VM, store);
    fill(server.address(), pages);
    TcpListener pingPong = TcpListener.bind(new InetSocketAddress(address, 0), 4);
    Thread.ofPlatform().daemon().name("ping-pong").start(() -> servePingPong(pingPong));
    System.out.println(server.address().getPort() + " " + pingPong.address().getPort());
    while (System.in.read() >= 0) {
      // Only its end says something.
    }
    Runtime.getRuntime().halt(0);
  }

  private static void fill(InetSocketAddress server, long pages) {
    LinkTarget target =
        new LinkTarget(server, VM, 1, TrafficClass.BULK, 0, "filler", Duration.ofSeconds(10));
    try (Arena arena = Arena.ofShared();
        SmemvClient client = new SmemvClient(target, new BenchPages(arena))) {
      client.put(0, pages, 64, 4);
    }
  }

  private static void servePingPong(TcpListener listener) {
    try (TcpSocket socket = listener.accept();
        Arena arena = Arena.ofShared()) {
      if (socket == null) {
        return;
      }
      socket.noDelay();
      MemorySegment memory = arena.allocate(ANSWER_BYTES, 64);
      IoVector request = new IoVector(arena, 1);
      while (true) {
        request.clear();
        request.add(memory.address(), REQUEST_BYTES);
        socket.readFully(request);
        socket.writeFully(memory, 0, ANSWER_BYTES);
      }
    }
  }
}
