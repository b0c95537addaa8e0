package org.smemv.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.smemv.linux.IoVector;
import org.smemv.linux.TcpSocket;

/**
 * The other end of {@link LinkProbe}s: takes a bulk stream from each of some, and meanwhile asks
 * one for pages, one at a time. A program of its own in a host of the lab.
 */
final class LinkProbeClient {
  /** Until the streams are at their pace. */
  private static final long WARM_UP_NANOS = 500_000_000;

  private static final int SAMPLES_MAX = 1 << 20;

  /**
   * What this process reports, as JSON.
   *
   * @param bulkBytesPerSecond of each stream
   * @param pings times of the requests; 0 when none was made
   */
  record Result(List<Double> bulkBytesPerSecond, FaultReport.Latency pings) {}

  /** A bulk stream, on a thread of its own. */
  private static final class Stream extends Thread {
    private final InetSocketAddress from;
    private final long begin;
    private final long end;
    private volatile double bytesPerSecond;

    Stream(InetSocketAddress from, long begin, long end) {
      this.from = from;
      this.begin = begin;
      this.end = end;
    }

    @Override
    public void run() {
      try (TcpSocket socket = connect(from);
          Arena arena = Arena.ofConfined()) {
        MemorySegment memory = arena.allocate(LinkProbe.BULK_BYTES, 64);
        memory.set(ValueLayout.JAVA_BYTE, 0, LinkProbe.BULK);
        socket.writeFully(memory, 0, LinkProbe.REQUEST_BYTES);
        long bytes = 0;
        long first = 0;
        long now = System.nanoTime();
        while (now - end < 0) {
          int got = socket.read(memory, 0, LinkProbe.BULK_BYTES);
          now = System.nanoTime();
          if (now - begin > 0 && first == 0) {
            first = now;
          } else if (first != 0) {
            bytes += got;
          }
        }
        bytesPerSecond = bytes * 1e9 / (now - first);
      }
    }
  }

  private LinkProbeClient() {}

  /** Arguments: milliseconds, IP:PORT to ping or "-", and an IP:PORT for each bulk stream. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    long begin = System.nanoTime() + WARM_UP_NANOS;
    long end = begin + Long.parseLong(arguments[0]) * 1_000_000;
    List<Stream> streams = new ArrayList<>();
    for (String from : Arrays.asList(arguments).subList(2, arguments.length)) {
      streams.add(new Stream(address(from), begin, end));
    }
    streams.forEach(Thread::start);
    long[] nanos = arguments[1].equals("-") ? new long[1] : ping(address(arguments[1]), begin, end);
    List<Double> rates = new ArrayList<>();
    for (Stream stream : streams) {
      stream.join();
      rates.add(stream.bytesPerSecond);
    }
    Result result = new Result(rates, FaultReport.Latency.of(nanos));
    System.out.println(new ObjectMapper().writeValueAsString(result));
  }

  private static InetSocketAddress address(String text) {
    String[] parts = text.split(":", -1);
    return new InetSocketAddress(parts[0], Integer.parseInt(parts[1]));
  }

  private static TcpSocket connect(InetSocketAddress to) {
    TcpSocket socket = TcpSocket.connect(to, Duration.ofSeconds(5));
    socket.noDelay();
    socket.readTimeout(Duration.ofSeconds(10));
    return socket;
  }

  private static long[] ping(InetSocketAddress to, long begin, long end) {
    long[] nanos = new long[SAMPLES_MAX];
    int count = 0;
    try (TcpSocket socket = connect(to);
        Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(LinkProbe.ANSWER_BYTES, 64);
      IoVector answer = new IoVector(arena, 1);
      long now = System.nanoTime();
      while (now - end < 0 && count < SAMPLES_MAX) {
        long asked = now;
        memory.set(ValueLayout.JAVA_BYTE, 0, LinkProbe.PING);
        socket.writeFully(memory, 0, LinkProbe.REQUEST_BYTES);
        answer.clear();
        answer.add(memory.address(), LinkProbe.ANSWER_BYTES);
        socket.readFully(answer);
        now = System.nanoTime();
        if (asked - begin > 0) {
          nanos[count++] = now - asked;
        }
      }
    }
    return Arrays.copyOf(nanos, Math.max(1, count));
  }
}
