package org.smemv.node.qemu;

import java.nio.file.Path;
import java.util.List;

/** What an inspection of a running QEMU found. */
public sealed interface Suitability {
  /**
   * Its memory can be taken over.
   *
   * @param name QEMU's own name for the VM, empty when it has none
   * @param memoryBackend id of the one memory backend; the same on both sides of a migration
   * @param ramFile how this process can open the guest's RAM file; may be below {@code
   *     /proc/PID/fd} when the file has no name any more
   * @param memoryBytes guest RAM
   * @param hostAddress where the file is mapped in QEMU's address space, in one piece
   * @param running false while the guest is stopped
   * @param commandLine as QEMU was started
   */
  record Suitable(
      QemuProcess process,
      String name,
      QemuVersion version,
      Accelerator accelerator,
      int cpus,
      String memoryBackend,
      Path ramFile,
      long memoryBytes,
      long hostAddress,
      boolean running,
      List<String> commandLine)
      implements Suitability {}

  /** It cannot, for all of these reasons. */
  record Unsuitable(List<Refusal> refusals) implements Suitability {
    public Unsuitable {
      refusals = List.copyOf(refusals);
    }

    /** All reasons, one a line. */
    public String describe() {
      return String.join("\n", refusals.stream().map(Refusal::toString).toList());
    }
  }
}
