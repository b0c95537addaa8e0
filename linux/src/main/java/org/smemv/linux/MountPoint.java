package org.smemv.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A line of {@code /proc/PID/mountinfo} (proc_pid_mountinfo(5)).
 *
 * @param device as {@code major:minor}, decimal
 * @param place where it is mounted
 * @param type the type of the file system
 * @param options those of the file system itself, such as {@code size=100k}
 */
public record MountPoint(String device, Path place, String type, List<String> options) {
  /** What is mounted as this process sees it. */
  public static final Path OF_THIS_PROCESS = Path.of("/proc/self/mountinfo");

  private static final Pattern ESCAPE = Pattern.compile("\\\\([0-7]{3})");
  private static final int DEVICE_FIELD = 2;
  private static final int PLACE_FIELD = 4;

  /** A varying number of optional fields ends with this; then type, source and options follow. */
  private static final String END = "-";

  public MountPoint {
    options = List.copyOf(options);
  }

  /** All of a mountinfo file, in the order in which they were mounted. */
  public static List<MountPoint> in(Path mountInfo) throws IOException {
    // Not readAllLines: a name that is no UTF-8 is nothing to fail for.
    return in(new String(Files.readAllBytes(mountInfo), StandardCharsets.UTF_8).lines().toList());
  }

  /** All of the lines of a mountinfo file. */
  public static List<MountPoint> in(List<String> lines) {
    return lines.stream().map(MountPoint::parse).toList();
  }

  private static MountPoint parse(String line) {
    List<String> fields = List.of(line.split(" ", -1));
    int end = fields.indexOf(END);
    if (end <= PLACE_FIELD || fields.size() <= end + 3) {
      throw new IllegalArgumentException("not a line of mountinfo: " + line);
    }
    return new MountPoint(
        fields.get(DEVICE_FIELD),
        Path.of(unescape(fields.get(PLACE_FIELD))),
        fields.get(end + 1),
        List.of(fields.get(end + 3).split(",", -1)));
  }

  /** Space, tab, newline and backslash are written as octal numbers. */
  private static String unescape(String field) {
    return ESCAPE
        .matcher(field)
        .replaceAll(
            match ->
                Matcher.quoteReplacement(
                    String.valueOf((char) Integer.parseInt(match.group(1), 8))));
  }

  /** What is mounted at a directory: the last one at a place covers those before it. */
  static @Nullable MountPoint at(Path directory, List<MountPoint> all) {
    MountPoint found = null;
    for (MountPoint mount : all) {
      found = mount.place().equals(directory) ? mount : found;
    }
    return found;
  }

  /** A tmpfs' policy for huge pages; the kernel leaves out {@code never}, its default. */
  public String hugePages() {
    return options.stream()
        .filter(option -> option.startsWith("huge="))
        .map(option -> option.substring("huge=".length()))
        .findFirst()
        .orElse("never");
  }
}
