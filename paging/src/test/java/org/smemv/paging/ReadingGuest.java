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

/**
 * Another process that reads one page with many threads at once when told its number, and answers
 * the value that all of them saw, or {@code differs}.
 */
final class ReadingGuest implements AutoCloseable {
  private static final int THREADS = 8;

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
    process.getOutputStream().write((page + "\n").getBytes(StandardCharsets.UTF_8));
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
      long at = Long.parseLong(line) << 12;
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
      System.out.println(same ? Long.toString(seen[0]) : "differs");
    }
  }
}
