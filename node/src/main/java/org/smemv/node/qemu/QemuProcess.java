package org.smemv.node.qemu;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A process by its id and start time: a process id alone is used again by the kernel, and killing
 * by it may hit a stranger.
 *
 * @param pid process id
 * @param startTicks field 22 of {@code /proc/PID/stat}, see proc(5)
 */
public record QemuProcess(long pid, long startTicks) {
  private static final int STATE = 0;
  private static final int START_TICKS = 19;
  private static final Duration POLL = Duration.ofMillis(20);

  /** The process that has this id now. */
  public static QemuProcess of(long pid) throws IOException {
    return stat(pid)
        .map(fields -> new QemuProcess(pid, Long.parseLong(fields.get(START_TICKS))))
        .orElseThrow(
            () ->
                new QemuException(
                    QemuException.Kind.NO_SUCH_PROCESS, "no process has the id " + pid));
  }

  /** The processes that have this in a word of their command line. */
  static List<QemuProcess> naming(String part) throws IOException {
    List<QemuProcess> found = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        long pid = Long.parseLong(process.getFileName().toString());
        try {
          QemuProcess candidate = of(pid);
          if (candidate.commandLine().stream().anyMatch(word -> word.contains(part))) {
            found.add(candidate);
          }
        } catch (IOException e) {
          // It has ended since, which answers the question as well.
        }
      }
    }
    return found;
  }

  /**
   * True while this very process runs; a zombie does not. Where that cannot be read, as without
   * free descriptors, whatever has this id counts: what a living QEMU needs must not be removed.
   */
  @JsonIgnore
  public boolean isAlive() {
    try {
      return isThis(stat(pid));
    } catch (IOException e) {
      return Files.exists(Path.of("/proc", Long.toString(pid)));
    }
  }

  private boolean isThis(Optional<List<String>> stat) {
    return stat.filter(fields -> Long.parseLong(fields.get(START_TICKS)) == startTicks)
        .filter(fields -> !fields.get(STATE).equals("Z") && !fields.get(STATE).equals("X"))
        .isPresent();
  }

  /** Waits until it has ended; false when it still runs after {@code timeout}. */
  public boolean awaitEnd(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (isAlive()) {
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
      try {
        Thread.sleep(POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return !isAlive();
      }
    }
    return true;
  }

  /** Sends SIGTERM, to this process or to nobody. */
  public void terminate() {
    handle().ifPresent(ProcessHandle::destroy);
  }

  /** Sends SIGKILL, to this process or to nobody. */
  public void kill() {
    handle().ifPresent(ProcessHandle::destroyForcibly);
  }

  /** The handle notes the start time when it is made and signals only that process. */
  private Optional<ProcessHandle> handle() {
    Optional<ProcessHandle> handle = ProcessHandle.of(pid);
    try {
      return isThis(stat(pid)) ? handle : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The words of its command line; empty when it has ended. */
  public List<String> commandLine() throws IOException {
    String text = Files.readString(proc("cmdline"), StandardCharsets.UTF_8);
    return text.isEmpty() ? List.of() : List.of(text.split("\0", -1)).subList(0, words(text));
  }

  private static int words(String text) {
    return (int) text.chars().filter(c -> c == 0).count();
  }

  /** Whether a path means the same file to this process as to the agent. */
  boolean sees(Path path) {
    try {
      return Files.isSameFile(proc("root").resolve(path.toString().substring(1)), path);
    } catch (IOException e) {
      return false; // it is not there for one of them, or the process has ended
    }
  }

  /** A file of this process under {@code /proc}. */
  Path proc(String name) {
    return Path.of("/proc", Long.toString(pid), name);
  }

  /** The fields after the command's name, which is in parentheses and may hold anything. */
  private static Optional<List<String>> stat(long pid) throws IOException {
    try {
      String text =
          Files.readString(
              Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
      return Optional.of(List.of(text.substring(text.lastIndexOf(')') + 2).trim().split(" ", -1)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (Files.exists(Path.of("/proc", Long.toString(pid)))) {
        throw e;
      }
      // ESRCH: it ended between the opening and the reading.
      return Optional.empty();
    }
  }
}
