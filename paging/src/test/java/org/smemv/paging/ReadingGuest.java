package org.smemv.paging;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.smemv.linux.JavaCommand;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.NativeMemory;

/**
 * Another process that reads one page with many threads at once when told its number, and answers
 * the value that all of them saw, or {@code differs}. It can also give a page up.
 */
final class ReadingGuest implements AutoCloseable {
  private static final int THREADS = 8;
  private static final String GIVE_UP = "give up ";
  private static final String WRITE = "write ";

  private final Process process;
  private final BufferedReader answers;

  ReadingGuest(Path file) throws IOException {
    process =
        new ProcessBuilder(
                JavaCommand.of(ReadingGuest.class, List.of("-XX:TieredStopAtLevel=1"), file))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    answers = process.inputReader(StandardCharsets.UTF_8);
    if (!"ready".equals(answers.readLine())) {
      throw new IOException("the guest did not start");
    }
  }

  long pid() {
    return process.pid();
  }

  void touch(long page) throws IOException {
    tell(Long.toString(page));
  }

  /** What QEMU does with a page that came into the guest's balloon; returns when it is done. */
  void giveUp(long page) throws IOException {
    tell(GIVE_UP + page);
    if (!"given up".equals(answer())) {
      throw new IOException("the guest did not give up page " + page);
    }
  }

  /** Returns when it is done. */
  void write(long page) throws IOException {
    tell(WRITE + page);
    if (!"written".equals(answer())) {
      throw new IOException("the guest did not write to page " + page);
    }
  }

  private void tell(String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  String answer() throws IOException {
    return answers.readLine();
  }

  boolean hasAnswer() throws IOException {
    return answers.ready();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** The guest itself. */
  public static void main(String[] arguments) throws Exception {
    MemoryFile file = MemoryFile.open(Path.of(arguments[0]));
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    System.out.println("ready");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.startsWith(GIVE_UP)) {
        discard(file, Long.parseLong(line.substring(GIVE_UP.length())) << 12);
        System.out.println("given up");
      } else if (line.startsWith(WRITE)) {
        long at = Long.parseLong(line.substring(WRITE.length())) << 12;
        file.mapped().set(ValueLayout.JAVA_LONG, at, System.nanoTime());
        System.out.println("written");
      } else {
        System.out.println(read(file, Long.parseLong(line) << 12));
      }
    }
  }

  /** In the order of QEMU's ram_block_discard_range(). */
  private static void discard(MemoryFile file, long at) {
    file.punchHole(at, 4096);
    NativeMemory.discard(file.mapped().address() + at, 4096);
  }

  private static String read(MemoryFile file, long at) throws InterruptedException {
    long[] seen = new long[THREADS];
    Thread[] threads = new Thread[THREADS];
    for (int i = 0; i < THREADS; i++) {
      int index = i;
      threads[i] =
          Thread.ofPlatform()
              .start(() -> seen[index] = file.mapped().get(ValueLayout.JAVA_LONG, at));
    }
    boolean same = true;
    for (int i = 0; i < THREADS; i++) {
      threads[i].join();
      same &= seen[i] == seen[0];
    }
    return same ? Long.toString(seen[0]) : "differs";
  }
}
