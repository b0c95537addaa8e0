package org.smemv.node.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.smemv.linux.ProcessMaps;

/**
 * The mapping of one file in a process, from {@code /proc/PID/maps}; see proc(5).
 *
 * @param address of the file's first byte
 * @param bytes mapped, contiguous in address and in file
 * @param shared whether all of it is {@code MAP_SHARED}
 * @param device as {@code major:minor}, decimal as in mountinfo
 * @param path as the kernel prints it
 */
record MemoryMap(long address, long bytes, boolean shared, String device, long inode, String path) {
  private static final int FIELDS = 6;
  private static final String DELETED = " (deleted)";

  /** One line of the file. */
  private record Line(
      long start, long end, String mode, long offset, String device, long inode, String path) {
    static Line parse(String text) {
      String[] fields = text.split("\\s+", FIELDS);
      String[] range = fields[0].split("-", 2);
      return new Line(
          Long.parseUnsignedLong(range[0], 16),
          Long.parseUnsignedLong(range[1], 16),
          fields[1],
          Long.parseUnsignedLong(fields[2], 16),
          fields[3],
          Long.parseLong(fields[4]),
          fields.length == FIELDS ? fields[5] : "");
    }
  }

  /** The mapping of the file that the kernel prints with the given path; its pieces joined. */
  static Optional<MemoryMap> ofFile(QemuProcess process, String path) throws IOException {
    return join(process, mapped -> mapped.equals(path) || mapped.equals(path + DELETED));
  }

  /** The mapping of the nameless file that QEMU makes when mem-path is a directory. */
  static Optional<MemoryMap> ofNameless(QemuProcess process, Path directory, String backend)
      throws IOException {
    String start = directory.resolve("qemu_back_mem." + backend + ".").toString();
    return join(process, mapped -> mapped.startsWith(start));
  }

  private static Optional<MemoryMap> join(QemuProcess process, Predicate<String> wanted)
      throws IOException {
    List<Line> pieces = new ArrayList<>();
    for (String text : Files.readAllLines(process.proc("maps"), StandardCharsets.ISO_8859_1)) {
      Line line = Line.parse(text);
      if (wanted.test(line.path())) {
        pieces.add(line);
      }
    }
    return join(pieces);
  }

  private static Optional<MemoryMap> join(List<Line> pieces) {
    if (pieces.isEmpty() || pieces.get(0).offset() != 0) {
      return Optional.empty();
    }
    Line first = pieces.get(0);
    long end = first.start();
    boolean shared = true;
    for (Line piece : pieces) {
      if (piece.start() != end || piece.offset() != piece.start() - first.start()) {
        return Optional.empty();
      }
      end = piece.end();
      shared &= piece.mode().endsWith("s");
    }
    return Optional.of(
        new MemoryMap(
            first.start(),
            end - first.start(),
            shared,
            decimal(first.device()),
            first.inode(),
            first.path()));
  }

  /** Maps print the device in hexadecimal, mountinfo in decimal. */
  private static String decimal(String device) {
    String[] numbers = device.toLowerCase(Locale.ROOT).split(":", 2);
    return Integer.parseInt(numbers[0], 16) + ":" + Integer.parseInt(numbers[1], 16);
  }

  /**
   * How this process can open the file: by its name when that still leads to the same file, else
   * through the descriptor that QEMU holds.
   */
  Path openable(QemuProcess process) throws IOException {
    Path named = Path.of(path);
    if (Files.exists(named) && isThis(named)) {
      return named;
    }
    try (var descriptors = Files.newDirectoryStream(process.proc("fd"))) {
      for (Path descriptor : descriptors) {
        if (Files.exists(descriptor) && isThis(descriptor)) {
          return descriptor;
        }
      }
    }
    return process
        .proc("map_files")
        .resolve(Long.toHexString(address) + "-" + Long.toHexString(address + bytes));
  }

  /** Inode numbers repeat between file systems. */
  private boolean isThis(Path file) throws IOException {
    return ((Number) Files.getAttribute(file, "unix:ino")).longValue() == inode
        && device.equals(ProcessMaps.device(file));
  }
}
