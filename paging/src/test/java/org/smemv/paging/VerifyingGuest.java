package org.smemv.paging;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.smemv.linux.JavaCommand;
import org.smemv.linux.MemoryFile;

/**
 * Another process whose "guest memory" is a memory file: several threads write pages of their own
 * and check every byte-carrying word of them, all the time, as a guest that verifies its memory
 * would, only much faster than an emulated one. Prints one line when it ends: {@code checks N wrong
 * M}. It may have a second file: it can be halted, and goes on in that one, as a guest does that
 * moved.
 */
final class VerifyingGuest implements AutoCloseable {
  private static final char HALT = 'h';
  private static final char GO_ON = 'g';
  private static final char SLOW_DOWN = 's';

  private final Process process;
  private final BufferedReader output;

  VerifyingGuest(Path file, int threads, long seed) throws IOException {
    this(file, file, threads, seed);
  }

  /** Goes on in another file when it is told so. */
  VerifyingGuest(Path file, Path next, int threads, long seed) throws IOException {
    process =
        new ProcessBuilder(
                JavaCommand.of(VerifyingGuest.class, List.of("-Xmx64m"), file, threads, seed, next))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    output = process.inputReader(StandardCharsets.UTF_8);
    if (!"ready".equals(output.readLine())) {
      throw new IOException("the guest did not start");
    }
  }

  long pid() {
    return process.pid();
  }

  /** Lets it begin to touch its memory. */
  void begin() throws IOException {
    tell('\n');
  }

  private void tell(char what) throws IOException {
    process.getOutputStream().write(what);
    process.getOutputStream().flush();
  }

  /** Has it touch nothing from now on; returns when that is so. */
  void halt() throws IOException {
    tell(HALT);
    if (!"halted".equals(output.readLine())) {
      throw new IOException("the guest did not halt");
    }
  }

  /** Has it touch pages less often until it goes on in the second file. */
  void slowDown() throws IOException {
    tell(SLOW_DOWN);
  }

  /** Has it go on where it was halted, in the second file. */
  void goOnInNextFile() throws IOException {
    tell(GO_ON);
  }

  /** Ends it; returns what it says: {@code checks N wrong M}. */
  String finish() throws Exception {
    process.getOutputStream().close();
    String line = output.readLine();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the guest hangs");
    }
    return line;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** The guest itself. */
  public static void main(String[] arguments) throws Exception {
    MemoryFile file = MemoryFile.open(Path.of(arguments[0]));
    int threads = Integer.parseInt(arguments[1]);
    long seed = Long.parseLong(arguments[2]);
    System.out.println("ready");
    boolean moves = !arguments[3].equals(arguments[0]);
    MemoryFile next = moves ? MemoryFile.open(Path.of(arguments[3])) : file;
    int ignored = System.in.read();
    Worker[] workers = new Worker[threads];
    Thread[] running = new Thread[threads];
    for (int i = 0; i < threads; i++) {
      workers[i] = new Worker(file, i, threads, seed + i);
      running[i] = Thread.ofPlatform().start(workers[i]);
    }
    for (int told = System.in.read(); told >= 0; told = System.in.read()) {
      if (told == HALT) {
        for (Worker worker : workers) {
          worker.turn.lock();
        }
        System.out.println("halted");
      } else if (told == SLOW_DOWN) {
        for (Worker worker : workers) {
          worker.slow = true;
        }
      } else if (told == GO_ON) {
        for (Worker worker : workers) {
          worker.file = next;
          worker.slow = false;
          worker.turn.unlock();
        }
      }
    }
    long checks = 0;
    long wrong = 0;
    for (int i = 0; i < threads; i++) {
      workers[i].stop = true;
      running[i].join();
      checks += workers[i].checks;
      wrong += workers[i].wrong;
    }
    System.out.println("checks " + checks + " wrong " + wrong);
  }

  /** Owns every page whose number has the same rest modulo the number of workers. */
  private static final class Worker implements Runnable {
    private final ReentrantLock turn = new ReentrantLock(true);
    private MemoryFile file;
    private final int first;
    private final int step;
    private final SplittableRandom random;
    private final int[] versions;
    private volatile boolean slow;
    private volatile boolean stop;
    private volatile long checks;
    private volatile long wrong;

    Worker(MemoryFile file, int first, int step, long seed) {
      this.file = file;
      this.first = first;
      this.step = step;
      this.random = new SplittableRandom(seed);
      this.versions = new int[(int) (file.bytes() >>> 12)];
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void run() {
      int own = versions.length / step;
      while (!stop) {
        if (slow) {
          LockSupport.parkNanos(100_000);
        }
        turn.lock();
        try {
          int page = first + step * hot(own);
          checks++;
          wrong += isRight(page) ? 0 : 1;
          if (random.nextInt(100) < 60) {
            write(page);
          }
        } finally {
          turn.unlock();
        }
      }
    }

    /** Half of the accesses go to an eighth of the pages. */
    private int hot(int own) {
      return random.nextBoolean() ? random.nextInt(Math.max(1, own / 8)) : random.nextInt(own);
    }

    private boolean isRight(int page) {
      MemorySegment memory = file.mapped();
      long at = (long) page << 12;
      for (int word = 0; word < 512; word += 37) {
        long wanted = versions[page] == 0 ? 0 : value(page, word);
        long found = memory.get(ValueLayout.JAVA_LONG, at + word * 8L);
        if (found != wanted) {
          System.err.printf(
              "page %d word %d version %d: %x instead of %x%n",
              page, word, versions[page], found, wanted);
          return false;
        }
      }
      return true;
    }

    private void write(int page) {
      // Now and then a page becomes all zeros again.
      versions[page] = random.nextInt(20) == 0 ? 0 : versions[page] + 1;
      long at = (long) page << 12;
      for (int word = 0; word < 512; word += 37) {
        long value = versions[page] == 0 ? 0 : value(page, word);
        file.mapped().set(ValueLayout.JAVA_LONG, at + word * 8L, value);
      }
    }

    private long value(int page, int word) {
      return (((long) page << 40) ^ ((long) versions[page] << 10) ^ word) * 0x9e3779b97f4a7c15L | 1;
    }
  }
}
