package org.smemv.node.api;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.placement.Name;

/**
 * Starts a VM.
 *
 * @param name its name
 * @param memoryBytes guest RAM, whole MiB
 * @param cpus virtual CPUs, 1 to 255; 0 means 1
 * @param net null for no network card
 * @param disk absolute path of an image that every host can open; null for none
 * @param kernel absolute path of a kernel to boot; null to boot from the disk
 * @param initrd absolute path; only with {@code kernel}
 * @param append kernel command line; only with {@code kernel}
 * @param accelerator {@code kvm} or {@code tcg}; null lets the host choose
 * @param extraArguments more arguments of QEMU
 * @param mainMemoryBytes the most of the guest's RAM that may be on this host, whole pages; 0 means
 *     all of it
 * @param subs sub-hosts for the rest; null or empty when all is here
 */
public record StartVm(
    String name,
    long memoryBytes,
    int cpus,
    @Nullable NetRequest net,
    @Nullable String disk,
    @Nullable String kernel,
    @Nullable String initrd,
    @Nullable String append,
    @Nullable String accelerator,
    @Nullable List<String> extraArguments,
    long mainMemoryBytes,
    @Nullable List<SubShare> subs) {
  private static final int CPUS_MAX = 255;
  private static final long MIB = 1L << 20;

  /** A VM that has all of its memory on the host that it starts on. */
  public StartVm(
      String name,
      long memoryBytes,
      int cpus,
      @Nullable NetRequest net,
      @Nullable String disk,
      @Nullable String kernel,
      @Nullable String initrd,
      @Nullable String append,
      @Nullable String accelerator,
      @Nullable List<String> extraArguments) {
    this(
        name,
        memoryBytes,
        cpus,
        net,
        disk,
        kernel,
        initrd,
        append,
        accelerator,
        extraArguments,
        0,
        null);
  }

  public StartVm {
    Name.require("VM name", name);
    if (memoryBytes < MIB || memoryBytes > Size.BYTES_MAX || memoryBytes % MIB != 0) {
      throw new IllegalArgumentException(
          "memory " + memoryBytes + " bytes: whole MiB from 1M to 16T are needed");
    }
    cpus = cpus == 0 ? 1 : cpus;
    RequestCheck.range("cpus", cpus, 1, CPUS_MAX, "CPUs");
    RequestCheck.path("disk", disk);
    RequestCheck.path("kernel", kernel);
    RequestCheck.path("initrd", initrd);
    RequestCheck.text("append", append);
    if (kernel == null && (initrd != null || append != null)) {
      throw new IllegalArgumentException("initrd and append need a kernel");
    }
    if (accelerator != null && !accelerator.equals("kvm") && !accelerator.equals("tcg")) {
      throw new IllegalArgumentException("accelerator '" + accelerator + "': kvm or tcg");
    }
    extraArguments = List.copyOf(extraArguments == null ? List.of() : extraArguments);
    subs = List.copyOf(subs == null ? List.of() : subs);
    if (mainMemoryBytes != 0) {
      RequestCheck.pages("main memory", mainMemoryBytes);
    }
    MigrateVm.checkSubs(null, subs);
  }
}
