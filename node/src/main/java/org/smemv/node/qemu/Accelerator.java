package org.smemv.node.qemu;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** What runs the guest's instructions. */
public enum Accelerator {
  KVM("kvm"),
  /**
   * QEMU translates. Without {@code tb-size} it takes an eighth of the machine's memory, up to 1
   * GiB, for translated code, which no grant counts and which differs from host to host. The number
   * is MiB for the whole process, all vCPUs together, and is filled as code is translated; when it
   * is full, QEMU forgets all translations and begins again. 256 MiB hold what a Linux guest with a
   * busy server runs.
   */
  TCG("tcg,thread=multi,tb-size=256");

  private final String argument;

  Accelerator(String argument) {
    this.argument = argument;
  }

  /** The value of QEMU's {@code -accel}. */
  public String argument() {
    return argument;
  }

  /**
   * The value of QEMU's {@code -smp}.
   *
   * <p>When QEMU before 8.1 translates for a machine that can only ever have one CPU, it leaves out
   * the guest's memory barriers, although its own I/O thread runs beside that CPU. Now and then a
   * virtio notification is lost by it, and the guest's network or disk stands still for ever. A
   * second CPU that is never plugged in keeps the barriers. (QEMU commit c914d46d0a64, "tcg: Do not
   * elide memory barriers for !CF_PARALLEL in system mode".)
   */
  public String processors(int cpus) {
    return this == TCG && cpus == 1 ? "cpus=1,maxcpus=2" : Integer.toString(cpus);
  }

  /**
   * KVM when this machine can really run it. {@code /dev/kvm} alone proves nothing: inside a
   * virtual machine it may open while the CPU has neither VMX nor SVM, and QEMU then hangs in the
   * BIOS.
   */
  public static Accelerator probe() {
    return probe(Path.of("/proc/cpuinfo"), Path.of("/dev/kvm"));
  }

  static Accelerator probe(Path cpuinfo, Path device) {
    return hasVirtualization(cpuinfo) && opens(device) ? KVM : TCG;
  }

  private static boolean hasVirtualization(Path cpuinfo) {
    try {
      return Files.readAllLines(cpuinfo).stream()
          .filter(line -> line.startsWith("flags"))
          .flatMap(line -> List.of(line.split("\\s+", -1)).stream())
          .anyMatch(flag -> flag.equals("vmx") || flag.equals("svm"));
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean opens(Path device) {
    try {
      FileChannel.open(device, StandardOpenOption.READ, StandardOpenOption.WRITE).close();
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
