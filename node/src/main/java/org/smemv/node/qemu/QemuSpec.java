package org.smemv.node.qemu;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a VM is, the same on every host it runs on: it travels to the destination of a migration and
 * makes an equal QEMU there. Jackson can write and read it.
 *
 * @param name the VM's name, {@code [a-zA-Z0-9][a-zA-Z0-9._-]{0,62}}
 * @param id the VM's identity, also its SMBIOS UUID
 * @param memoryBytes guest RAM, whole MiB, 1 MiB to 16 TiB
 * @param cpus virtual CPUs, 1 to 255
 * @param machineType a versioned machine type, see {@link MachineType}
 * @param accelerator what to run on; null lets each host choose
 * @param disk an image that all hosts can open; {@code .qcow2} by that ending, otherwise raw
 * @param kernel a Linux kernel to boot directly
 * @param initrd its initial RAM disk, only with {@code kernel}
 * @param append its command line, only with {@code kernel}
 * @param extraArguments more arguments of QEMU, already accepted by {@link QemuExtraArguments}
 */
public record QemuSpec(
    String name,
    UUID id,
    long memoryBytes,
    int cpus,
    String machineType,
    @Nullable Accelerator accelerator,
    @Nullable QemuNet net,
    @Nullable String disk,
    @Nullable String kernel,
    @Nullable String initrd,
    @Nullable String append,
    List<String> extraArguments) {
  /** Below this the BIOS does not start. */
  public static final long MEMORY_BYTES_MIN = 1L << 20;

  /** More than any host has; keeps arithmetic far from overflow. */
  public static final long MEMORY_BYTES_MAX = 16L << 40;

  /** The limit of the pc machine type. */
  public static final int CPUS_MAX = 255;

  /** QEMU rounds up to 8 KiB and then finds that the RAM file is too short; whole MiB are safe. */
  public static final long MEMORY_BYTES_UNIT = 1L << 20;

  public QemuSpec {
    if (name == null || !name.matches("[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}")) {
      throw new IllegalArgumentException("VM name '" + name + "' does not fit");
    }
    if (id == null || machineType == null) {
      throw new IllegalArgumentException("a VM needs an id and a machine type");
    }
    if (memoryBytes < MEMORY_BYTES_MIN
        || memoryBytes > MEMORY_BYTES_MAX
        || memoryBytes % MEMORY_BYTES_UNIT != 0) {
      throw new IllegalArgumentException(
          "memory of " + memoryBytes + " bytes: whole MiB from 1 MiB to 16 TiB are needed");
    }
    if (cpus < 1 || cpus > CPUS_MAX) {
      throw new IllegalArgumentException(cpus + " CPUs: 1 to " + CPUS_MAX + " are possible");
    }
    if (kernel == null && (initrd != null || append != null)) {
      throw new IllegalArgumentException("an initrd or a kernel command line needs a kernel");
    }
    extraArguments = List.copyOf(extraArguments == null ? List.of() : extraArguments);
    QemuExtraArguments.check(extraArguments);
  }
}
