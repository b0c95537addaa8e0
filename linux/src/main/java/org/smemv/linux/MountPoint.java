package org.smemv.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A line of {@code /proc/self/mountinfo} (proc_pid_mountinfo(5)).
 *
 * @param type the type of the file system
 * @param options those of the file system itself, such as {@code size=100k}
 */
record MountPoint(String type, List<String> options) {
  private static final int PATH_FIELD = 4;

  MountPoint {
    options = List.copyOf(options);
  }

  /** What is mounted at a directory, as this process sees it; null when nothing is. */
  static @Nullable MountPoint at(Path directory) throws IOException {
    return find(Files.readAllLines(Path.of("/proc/self/mountinfo")), directory.toRealPath());
  }

  /** The last one at a path covers those before it. */
  static @Nullable MountPoint find(List<String> mountInfo, Path directory) {
    String escaped = escape(directory.toString());
    MountPoint found = null;
    for (String line : mountInfo) {
      List<String> fields = List.of(line.split(" ", -1));
      // A varying number of optional fields ends with a hyphen.
      int end = fields.indexOf("-");
      if (end > PATH_FIELD && fields.size() > end + 3 && fields.get(PATH_FIELD).equals(escaped)) {
        List<String> options = List.of(fields.get(end + 3).split(",", -1));
        found = new MountPoint(fields.get(end + 1), options);
      }
    }
    return found;
  }

  /** The kernel writes the characters that would break a line up as octal numbers. */
  private static String escape(String path) {
    return path.replace("\\", "\\134")
        .replace(" ", "\\040")
        .replace("\t", "\\011")
        .replace("\n", "\\012");
  }

  /** The value of an option; empty when it is not there. */
  Optional<String> option(String name) {
    return options.stream()
        .filter(option -> option.startsWith(name + "="))
        .map(option -> option.substring(name.length() + 1))
        .findFirst();
  }
}
