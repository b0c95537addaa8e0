package org.smemv.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import org.smemv.linux.IoVector;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.TcpSocket;

/**
 * The vCPU of {@link FaultBench}: one thread that reads a page which is not there, and the client
 * of the ping-pong, round by round in turn. Both are timed by this thread, around one load from
 * memory or one request with its answer.
 */
final class FaultBenchGuest {
  private final MemorySegment ram;
  private final BenchPages contents;
  private final TcpSocket socket;
  private final MemorySegment message;
  private final IoVector answer;
  private final long pauseNanos;
  private final int[] order;
  private int next;
  private long wrong;

  private FaultBenchGuest(Arena arena, MemoryFile file, InetSocketAddress server, long pauseNanos) {
    this.ram = file.mapped();
    this.contents = new BenchPages(arena);
    this.pauseNanos = pauseNanos;
    this.message = arena.allocate(FaultBenchServer.ANSWER_BYTES, 64);
    this.answer = new IoVector(arena, 1);
    this.order = shuffled((int) (file.bytes() >>> 12));
    this.socket = TcpSocket.connect(server, Duration.ofSeconds(5));
    socket.noDelay();
  }

  /** Arguments: RAM file, IP and port of the ping-pong, warm-up, rounds, samples, pause in ns. */
  public static void main(String[] arguments) throws IOException {
    MemoryFile file = MemoryFile.open(Path.of(arguments[0]));
    InetSocketAddress server = new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2]));
    FaultBenchGuest guest =
        new FaultBenchGuest(Arena.global(), file, server, Long.parseLong(arguments[6]));
    System.out.println("ready");
    int ignored = System.in.read();
    Result result =
        guest.measure(
            Integer.parseInt(arguments[3]),
            Integer.parseInt(arguments[4]),
            Integer.parseInt(arguments[5]));
    System.out.println(new ObjectMapper().writeValueAsString(result));
  }

  /** What this process reports, as JSON. */
  record Result(FaultReport.Latency fault, FaultReport.Latency pingPong, long wrong) {}

  private static int[] shuffled(int pages) {
    int[] order = new int[pages];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < pages; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  private Result measure(int warmUp, int rounds, int samples) {
    faults(new long[warmUp], 0, warmUp);
    pings(new long[warmUp], 0, warmUp);
    long[] faults = new long[rounds * samples];
    long[] pings = new long[rounds * samples];
    for (int round = 0; round < rounds; round++) {
      faults(faults, round * samples, samples);
      pings(pings, round * samples, samples);
    }
    return new Result(FaultReport.Latency.of(faults), FaultReport.Latency.of(pings), wrong);
  }

  private void faults(long[] into, int from, int count) {
    for (int i = from; i < from + count; i++) {
      int page = order[next++];
      long at = (long) page << 12;
      long begin = System.nanoTime();
      long word = ram.get(ValueLayout.JAVA_LONG, at);
      into[i] = System.nanoTime() - begin;
      wrong += word == contents.firstWord(page) ? 0 : 1;
      compute();
    }
  }

  private void pings(long[] into, int from, int count) {
    for (int i = from; i < from + count; i++) {
      long begin = System.nanoTime();
      socket.writeFully(message, 0, FaultBenchServer.REQUEST_BYTES);
      answer.clear();
      answer.add(message.address(), FaultBenchServer.ANSWER_BYTES);
      socket.readFully(answer);
      into[i] = System.nanoTime() - begin;
      compute();
    }
  }

  /** What a vCPU does between two faults. */
  private void compute() {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < pauseNanos) {
      Thread.onSpinWait();
    }
  }
}
