package org.smemv.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** What a process has mapped and opened, read from {@code /proc/PID} (proc(5)). */
public final class ProcessMaps {
  /** One mapping of a file: where it is in the process, and which part of the file it shows. */
  public record Mapping(long start, long end, long fileOffset, boolean shared, String path) {
    /** The length of the mapping in bytes. */
    public long bytes() {
      return end - start;
    }
  }

  /**
   * Which file it is, whatever it is called: a name may be gone, or be another one in the mount
   * namespace of the process, and inode numbers repeat between file systems.
   */
  private record FileId(String device, long inode) {
    static FileId of(Path file) {
      try {
        long inode = ((Number) Files.getAttribute(file, "unix:ino")).longValue();
        return new FileId(ProcessMaps.device(file), inode);
      } catch (IOException e) {
        throw new UncheckedIOException("no device and inode number for " + file, e);
      }
    }
  }

  private ProcessMaps() {}

  /** The device that a file is on, as mountinfo has it: {@code major:minor}, decimal. */
  public static String device(Path file) throws IOException {
    long number = ((Number) Files.getAttribute(file, "unix:dev")).longValue();
    // As gnu_dev_major(3) and gnu_dev_minor(3) take it apart.
    long major = ((number >>> 8) & 0xfff) | ((number >>> 32) & ~0xfffL);
    long minor = (number & 0xff) | ((number >>> 12) & ~0xffL);
    return major + ":" + minor;
  }

  /** All mappings of the file with this inode on this device, in address order. */
  public static List<Mapping> of(long pid, Path file) {
    FileId id = FileId.of(file);
    List<Mapping> found = new ArrayList<>();
    for (String line : lines(Path.of("/proc/" + pid + "/maps"))) {
      Mapping mapping = parse(line, id);
      if (mapping != null) {
        found.add(mapping);
      }
    }
    return found;
  }

  /** Adjacent mappings become one: the kernel splits a mapping where its flags differ. */
  public static Optional<Mapping> whole(long pid, Path file, long bytes) {
    List<Mapping> parts = of(pid, file);
    if (parts.isEmpty() || parts.getFirst().fileOffset() != 0) {
      return Optional.empty();
    }
    Mapping first = parts.getFirst();
    long end = first.start();
    for (Mapping part : parts) {
      if (part.start() != end || !part.shared()) {
        return Optional.empty();
      }
      end = part.end();
    }
    return end - first.start() == bytes
        ? Optional.of(new Mapping(first.start(), end, 0, true, first.path()))
        : Optional.empty();
  }

  /** Maps print the device in hexadecimal. */
  private static FileId id(String[] fields) {
    String[] numbers = fields[3].split(":", 2);
    String device = Long.parseLong(numbers[0], 16) + ":" + Long.parseLong(numbers[1], 16);
    return new FileId(device, Long.parseLong(fields[4]));
  }

  private static @org.jspecify.annotations.Nullable Mapping parse(String line, FileId id) {
    // 7f12c0000000-7f1300000000 rw-s 00000000 00:2f 3   /path/of the file
    String[] fields = line.trim().split("\\s+", 6);
    if (fields.length < 6 || !id.equals(id(fields))) {
      return null;
    }
    int dash = fields[0].indexOf('-');
    return new Mapping(
        Long.parseUnsignedLong(fields[0].substring(0, dash), 16),
        Long.parseUnsignedLong(fields[0].substring(dash + 1), 16),
        Long.parseUnsignedLong(fields[2], 16),
        fields[1].charAt(3) == 's',
        fields[5]);
  }

  /**
   * What descriptor {@code fd} of a process is: {@code anon_inode:[userfaultfd]}, {@code
   * pipe:[1234]}, a path; empty when it is not open.
   */
  public static Optional<String> descriptor(long pid, int fd) {
    try {
      return Optional.of(Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/" + fd)).toString());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * When a process started, in clock ticks since boot: with its pid, this names it for good. Empty
   * when there is no such process, or it has ended and waits to be reaped.
   */
  public static OptionalLong startTime(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      // The second field is the name in parentheses, which may hold anything.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", 22);
      return fields[0].equals("Z")
          ? OptionalLong.empty()
          : OptionalLong.of(Long.parseLong(fields[19]));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }
}
