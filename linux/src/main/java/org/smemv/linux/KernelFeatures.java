package org.smemv.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Finds out, by trying, whether this machine can do what an agent needs. */
public final class KernelFeatures {
  private KernelFeatures() {}

  /** What is missing, each as a sentence with its remedy; empty when nothing is. */
  public static List<String> missing() {
    List<String> missing = new ArrayList<>();
    if (!isRoot()) {
      missing.add(
          "The agent must run as root: it takes over page faults of QEMU and mounts its own tmpfs.");
      return missing;
    }
    missing.addAll(userFaults());
    return missing;
  }

  private static boolean isRoot() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("Uid:"))
          .anyMatch(line -> line.split("\\s+", -1)[2].equals("0"));
    } catch (IOException e) {
      return false;
    }
  }

  private static List<String> userFaults() {
    long fd = Libc.syscall(UserFaultFd.SYS_USERFAULTFD, UserFaultFd.OPEN_FLAGS, 0, 0, 0, 0, 0);
    if (fd < 0) {
      return List.of(
          "This kernel has no userfaultfd ("
              + NativeCall.failed("userfaultfd()").getMessage()
              + "): build it with CONFIG_USERFAULTFD.");
    }
    try (UserFaultFd faults = new UserFaultFd((int) fd)) {
      faults.enable(UserFaultFd.REQUIRED_FEATURES);
      return List.of();
    } catch (SystemCallException e) {
      return List.of(
          "This kernel's userfaultfd lacks asynchronous write protection of shared memory ("
              + e.getMessage()
              + "): Linux 6.7 or later is needed.");
    }
  }
}
