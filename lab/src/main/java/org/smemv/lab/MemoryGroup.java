package org.smemv.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory control group of one host: everything that runs in the host is in it.
 *
 * @param folder its folder in the control group tree
 * @param version 1 or 2
 */
record MemoryGroup(Path folder, int version) {
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(20);

  /** Makes it, without a limit. */
  void create() {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw broken("make", e);
    }
  }

  /**
   * Sets the most memory that its processes, their tmpfs pages and their page cache may use.
   *
   * @throws LabException when the kernel refuses, as when more is in use and cannot be reclaimed
   */
  void limit(long bytes) {
    String file = version == 1 ? "memory.limit_in_bytes" : "memory.max";
    try {
      Files.writeString(folder.resolve(file), Long.toString(bytes));
    } catch (IOException e) {
      throw broken("set " + file + " of", e);
    }
  }

  /** A process that writes its own number here joins the group. */
  Path processes() {
    return folder.resolve("cgroup.procs");
  }

  /** Its present processes; none when there is no such group. */
  List<Long> pids() {
    try {
      return Files.readAllLines(processes()).stream().map(Long::valueOf).toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw broken("read", e);
    }
  }

  /**
   * Kills every process in it and waits until they are gone.
   *
   * @throws LabException when one does not end, which is a process stuck in the kernel
   */
  void killAll() {
    long deadline = System.nanoTime() + KILL_TIMEOUT.toNanos();
    List<Long> left = pids();
    while (!left.isEmpty()) {
      if (left.contains(ProcessHandle.current().pid())) {
        throw new LabException(
            "this runs inside the lab's " + folder.getFileName() + "; run it outside");
      }
      // Killed again in each round: a process may have forked meanwhile.
      left.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
      if (System.nanoTime() > deadline) {
        throw new LabException(
            "processes %s of %s do not end; see /proc/PID/stack".formatted(left, folder));
      }
      Pause.millis(10);
      left = pids();
    }
  }

  /** What it uses now. */
  MemoryUse use() {
    try {
      Map<String, Long> statistics = new HashMap<>();
      for (String line : Files.readAllLines(folder.resolve("memory.stat"))) {
        String[] pair = line.split(" ", 2);
        statistics.put(pair[0], Long.valueOf(pair[1]));
      }
      return version == 1
          ? new MemoryUse(
              number("memory.usage_in_bytes"),
              statistics.getOrDefault("rss", 0L),
              statistics.getOrDefault("shmem", 0L),
              number("memory.limit_in_bytes"))
          : new MemoryUse(
              number("memory.current"),
              statistics.getOrDefault("anon", 0L),
              statistics.getOrDefault("shmem", 0L),
              number("memory.max"));
    } catch (IOException | UncheckedIOException e) {
      throw new LabException("cannot read the memory use of " + folder + ": " + e, e);
    }
  }

  private long number(String file) throws IOException {
    String text = Files.readString(folder.resolve(file)).strip();
    return text.equals("max") ? Long.MAX_VALUE : Long.parseLong(text);
  }

  /** Removes it; nothing happens when there is none. No process may be in it. */
  void remove() {
    long deadline = System.nanoTime() + KILL_TIMEOUT.toNanos();
    while (Files.exists(folder)) {
      try {
        // A control group is removed like an empty folder, although it lists files.
        Files.deleteIfExists(folder);
      } catch (IOException e) {
        // Busy for a moment after its last process ended.
        if (System.nanoTime() > deadline) {
          throw broken("remove", e);
        }
        Pause.millis(20);
      }
    }
  }

  private LabException broken(String verb, IOException e) {
    return new LabException(
        "cannot %s the control group %s: %s".formatted(verb, folder, e.getMessage()), e);
  }
}
