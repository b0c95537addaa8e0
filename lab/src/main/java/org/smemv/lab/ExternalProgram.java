package org.smemv.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of an external program, never longer than its time-out. Immutable; the {@code with}
 * methods give changed copies.
 *
 * @param arguments the program, looked up in PATH, and its arguments
 * @param input what it reads from standard input
 * @param directory where it runs; null for the directory of this process
 * @param timeout after this it is killed and the run fails
 */
record ExternalProgram(
    List<String> arguments, String input, @Nullable Path directory, Duration timeout) {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(20);

  /** Copies the arguments. */
  ExternalProgram {
    arguments = List.copyOf(arguments);
  }

  /**
   * What a program left behind.
   *
   * @param exit its exit status; 128 + signal when it was killed
   * @param output standard output
   * @param errors standard error
   */
  record Result(int exit, String output, String errors) {}

  static ExternalProgram of(String... arguments) {
    return of(List.of(arguments));
  }

  static ExternalProgram of(List<String> arguments) {
    return new ExternalProgram(arguments, "", null, DEFAULT_TIMEOUT);
  }

  ExternalProgram withInput(String text) {
    return new ExternalProgram(arguments, text, directory, timeout);
  }

  ExternalProgram withDirectory(Path path) {
    return new ExternalProgram(arguments, input, path, timeout);
  }

  ExternalProgram withTimeout(Duration limit) {
    return new ExternalProgram(arguments, input, directory, limit);
  }

  /**
   * Runs it to its end.
   *
   * @return standard output
   * @throws LabException when it cannot be started, does not end in time or ends with a status
   *     other than 0; the message has the command and what it wrote to standard error
   */
  String output() {
    Result result = run();
    if (result.exit() != 0) {
      String said = result.errors().isBlank() ? result.output() : result.errors();
      throw new LabException(
          "'%s' ended with status %d: %s".formatted(commandLine(), result.exit(), said.strip()));
    }
    return result.output();
  }

  /**
   * Runs it to its end and leaves the judgement of its exit status to the caller.
   *
   * @throws LabException when it cannot be started or does not end in time
   */
  Result run() {
    Process process = start();
    try {
      CompletableFuture<String> output = collect(process.getInputStream());
      CompletableFuture<String> errors = collect(process.getErrorStream());
      feed(process.getOutputStream());
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new LabException(
            "'%s' did not end within %d s".formatted(commandLine(), timeout.toSeconds()));
      }
      return new Result(process.exitValue(), output.join(), errors.join());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while '" + commandLine() + "' ran", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private Process start() {
    ProcessBuilder builder = new ProcessBuilder(arguments);
    if (directory != null) {
      builder.directory(directory.toFile());
    }
    try {
      return builder.start();
    } catch (IOException e) {
      throw new LabException(
          "cannot run '%s': %s. Is its Debian package installed?"
              .formatted(arguments.getFirst(), e.getMessage()),
          e);
    }
  }

  private void feed(OutputStream stdin) {
    try (stdin) {
      stdin.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException ignored) {
      // It ended without reading everything; its exit status tells whether that is an error.
    }
  }

  /** Both streams are read while it runs: a full pipe would stop it for ever. */
  private static CompletableFuture<String> collect(InputStream stream) {
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (stream) {
                text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
              } catch (IOException e) {
                text.completeExceptionally(new UncheckedIOException(e));
              }
            });
    return text;
  }

  private String commandLine() {
    return String.join(" ", arguments);
  }
}
