package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What a machine must have before a lab is started on it. */
final class LabRequirements {
  /** Programs, and the Debian package that brings each. */
  private static final Map<String, String> PROGRAMS =
      Map.of("ip", "iproute2", "tc", "iproute2", "nsenter", "util-linux", "setsid", "util-linux");

  private LabRequirements() {}

  /**
   * Checks them in the order in which an operator would mend them.
   *
   * @throws LabException naming the first that is missing
   */
  static void check() {
    requireRoot();
    PROGRAMS.forEach(
        (program, debianPackage) -> {
          if (!isInPath(program)) {
            throw new LabException(
                "the lab needs the program '%s': run 'apt-get install %s'"
                    .formatted(program, debianPackage));
          }
        });
    if (!Files.exists(Path.of("/proc/self/ns/net"))) {
      throw new LabException(
          "the lab needs a kernel with network namespaces (CONFIG_NET_NS); this one has none");
    }
    MemoryHierarchy unused = MemoryHierarchy.ofMachine();
    if (!Files.isDirectory(unused.root())) {
      throw new LabException("the control group tree %s is gone".formatted(unused.root()));
    }
  }

  /**
   * For whatever makes or removes namespaces.
   *
   * @throws LabException when this process does not run as root
   */
  static void requireRoot() {
    try {
      if (!Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
        throw new LabException(
            "the lab makes network namespaces and control groups: run it as root");
      }
    } catch (IOException e) {
      throw new LabException("cannot read /proc/self: " + e, e);
    }
  }

  private static boolean isInPath(String program) {
    List<String> folders = Arrays.asList(System.getenv("PATH").split(":", -1));
    return folders.stream().anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
