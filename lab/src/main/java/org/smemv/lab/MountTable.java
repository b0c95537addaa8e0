package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is mounted where, from /proc/self/mountinfo (proc(5)). */
final class MountTable {
  private static final Path FILE = Path.of("/proc/self/mountinfo");
  private static final Pattern ESCAPE = Pattern.compile("\\\\([0-7]{3})");
  private static final int MOUNT_POINT = 4;

  private MountTable() {}

  /** The mount point of one line; space, tab, newline and backslash are escaped in octal. */
  static Path mountPoint(String line) {
    String field = line.split(" ", -1)[MOUNT_POINT];
    return Path.of(
        ESCAPE
            .matcher(field)
            .replaceAll(
                match ->
                    Matcher.quoteReplacement(
                        String.valueOf((char) Integer.parseInt(match.group(1), 8)))));
  }

  /** Mount points below a folder, the latest mounted first, which is the order to undo them in. */
  static List<Path> below(Path folder) {
    try {
      return Files.readAllLines(FILE).stream()
          .map(MountTable::mountPoint)
          .filter(place -> place.startsWith(folder))
          .toList()
          .reversed();
    } catch (IOException e) {
      throw new LabException("cannot read " + FILE + ": " + e, e);
    }
  }

  /** Unmounts; what is still in use goes as soon as it is free. */
  static void unmount(Path place) {
    ExternalProgram.Result plain = ExternalProgram.of("umount", place.toString()).run();
    if (plain.exit() != 0) {
      ExternalProgram.of("umount", "--lazy", place.toString()).output();
    }
  }
}
