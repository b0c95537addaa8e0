package org.smemv.node.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The file system a RAM file is on, from {@code /proc/PID/mountinfo}; see proc(5).
 *
 * @param point where it is mounted
 * @param type such as {@code tmpfs}
 * @param options of the file system, not of the mount
 */
record TmpfsMount(String point, String type, List<String> options) {
  private static final int DEVICE = 2;
  private static final int POINT = 4;
  private static final Path FORCED = Path.of("/sys/kernel/mm/transparent_hugepage/shmem_enabled");

  /** The mount of a device, given as {@code major:minor} in decimal. */
  static Optional<TmpfsMount> ofDevice(QemuProcess process, String device) throws IOException {
    return Files.readAllLines(process.proc("mountinfo"), StandardCharsets.ISO_8859_1).stream()
        .map(line -> line.split(" - ", 2))
        .filter(halves -> halves.length == 2)
        .filter(halves -> halves[0].split(" ", -1)[DEVICE].equals(device))
        .findFirst()
        .map(halves -> parse(halves[0].split(" ", -1), halves[1].split(" ", -1)));
  }

  private static TmpfsMount parse(String[] mount, String[] system) {
    String options = system[system.length - 1];
    return new TmpfsMount(mount[POINT], system[0], Arrays.asList(options.split(",", -1)));
  }

  /** The policy for huge pages; the kernel leaves out {@code never}, its default. */
  String hugePages() {
    return options.stream()
        .filter(option -> option.startsWith("huge="))
        .map(option -> option.substring("huge=".length()))
        .findFirst()
        .orElse("never");
  }

  /** True when the kernel is told to use huge pages against the wish of every mount. */
  static boolean hugePagesForced() {
    try {
      return Files.readString(FORCED).contains("[force]");
    } catch (IOException e) {
      // A kernel without transparent huge pages has none to force.
      return false;
    }
  }
}
