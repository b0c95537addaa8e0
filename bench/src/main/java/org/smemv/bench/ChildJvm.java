package org.smemv.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.smemv.lab.LabException;
import org.smemv.lab.LabHost;
import org.smemv.linux.JavaCommand;

/**
 * A class of this build in a Java process of its own, in a host of the lab, with the settings that
 * agents have. It says something by a line of output and is told something by a line of input. One
 * thread.
 */
final class ChildJvm implements AutoCloseable {
  private static final List<String> FLAGS = List.of("-Xms64m", "-Xmx256m");

  private final String name;
  private final Process process;
  private final BufferedReader output;

  private ChildJvm(String name, Process process) {
    this.name = name;
    this.process = process;
    this.output = process.inputReader(StandardCharsets.UTF_8);
  }

  static ChildJvm start(LabHost host, Class<?> program, Object... arguments) {
    List<String> command = JavaCommand.of(program, FLAGS, arguments);
    return new ChildJvm(program.getSimpleName(), host.start(command.toArray(String[]::new)));
  }

  long pid() {
    return process.pid();
  }

  /**
   * Waits for its next line.
   *
   * @throws LabException when it ends first or takes longer
   */
  String line(Duration timeout) {
    CompletableFuture<String> line = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> read(line));
    try {
      return line.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new LabException(name + " says nothing within " + timeout.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw new LabException(name + " ended; see its messages", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while waiting for " + name, e);
    }
  }

  private void read(CompletableFuture<String> into) {
    try {
      String line = output.readLine();
      if (line == null) {
        throw new IOException("its output has ended");
      }
      into.complete(line);
    } catch (IOException e) {
      into.completeExceptionally(e);
    }
  }

  /** Lets it go on. */
  void go() {
    try {
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(name + " does not listen", e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
