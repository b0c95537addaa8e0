package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether this machine can run guests on its processor or has to translate them. */
final class Accelerator {
  private Accelerator() {}

  /**
   * For QEMU's {@code -accel}. The processor's flags decide, not /dev/kvm: that file also exists
   * where the processor cannot virtualise, and QEMU then hangs in the guest's BIOS.
   *
   * @param codeMebibytes most memory for translated code, in MiB
   */
  static String ofMachine(int codeMebibytes) {
    try {
      return of(Files.readString(Path.of("/proc/cpuinfo")), codeMebibytes);
    } catch (IOException e) {
      throw new LabException("cannot read /proc/cpuinfo: " + e, e);
    }
  }

  static String of(String cpuinfo, int codeMebibytes) {
    boolean virtualises =
        cpuinfo.lines().anyMatch(line -> line.matches("flags\\s*:.*\\b(vmx|svm)\\b.*"));
    return virtualises ? "kvm" : "tcg,tb-size=" + codeMebibytes;
  }
}
