package org.smemv.linux;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Another process that maps a memory file and reads and writes it when told: stands in for QEMU
 * where a test needs to know every single access. Commands on standard input: {@code r PAGE}
 * answers the first long of a page, {@code w PAGE VALUE} sets it.
 */
final class Neighbour implements AutoCloseable {
  private final Process process;
  private final PrintWriter commands;
  private final BufferedReader answers;

  Neighbour(Path file) throws IOException {
    process =
        new ProcessBuilder(
                JavaCommand.of(Neighbour.class, List.of("-XX:TieredStopAtLevel=1"), file))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    commands = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    answers = process.inputReader(StandardCharsets.UTF_8);
    if (!"ready".equals(answers.readLine())) {
      throw new IOException("the neighbour did not start");
    }
  }

  long pid() {
    return process.pid();
  }

  long read(long page) throws IOException {
    commands.println("r " + page);
    return Long.parseLong(answers.readLine());
  }

  void write(long page, long value) throws IOException {
    commands.println("w " + page + " " + value);
    answers.readLine();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** The neighbour itself. */
  public static void main(String[] arguments) throws IOException {
    MemoryFile file = MemoryFile.open(Path.of(arguments[0]));
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    System.out.println("ready");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      long at = Long.parseLong(words[1]) * 4096;
      if (words[0].equals("w")) {
        file.mapped().set(ValueLayout.JAVA_LONG, at, Long.parseLong(words[2]));
      }
      System.out.println(file.mapped().get(ValueLayout.JAVA_LONG, at));
    }
  }
}
