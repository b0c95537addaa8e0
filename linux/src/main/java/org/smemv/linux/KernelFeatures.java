package org.smemv.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Finds out, by trying, whether this machine can do what an agent needs. */
public final class KernelFeatures {
  private KernelFeatures() {}

  /** What is missing, each as a sentence with its remedy; empty when nothing is. */
  public static List<String> missing() {
    if (!isRoot()) {
      return List.of(
          "The agent must run as root: it takes over page faults of QEMU and mounts its own tmpfs.");
    }
    return userFaults(UserFaultFd.SYS_USERFAULTFD, UserFaultFd.REQUIRED_FEATURES);
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

  /** What is missing of a userfaultfd(2) that has this number, with these features. */
  static List<String> userFaults(long number, long features) {
    long fd = Libc.syscall(number, UserFaultFd.OPEN_FLAGS, 0, 0, 0, 0, 0);
    if (fd < 0) {
      return List.of(noUserFaults(NativeCall.failed("userfaultfd()")));
    }
    try (UserFaultFd faults = new UserFaultFd((int) fd)) {
      faults.enable(features);
      return List.of();
    } catch (SystemCallException e) {
      return List.of(
          "This kernel's userfaultfd lacks asynchronous write protection of shared memory ("
              + e.getMessage()
              + "): Linux 6.7 or later is needed.");
    }
  }

  private static String noUserFaults(SystemCallException e) {
    return e.errno() == Errno.EPERM
        ? "The agent may not take over page faults ("
            + e.getMessage()
            + "): give it CAP_SYS_PTRACE, which containers take away from root."
        : "This kernel has no userfaultfd ("
            + e.getMessage()
            + "): build it with CONFIG_USERFAULTFD.";
  }
}
