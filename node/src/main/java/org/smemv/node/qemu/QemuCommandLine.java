package org.smemv.node.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Makes QEMU's arguments from what a VM is and where it lives. */
public final class QemuCommandLine {
  /** Name of the memory backend; it is part of the migration stream, so it never changes. */
  static final String MEMORY_BACKEND = "ram0";

  private QemuCommandLine() {}

  /** All arguments after the program's name. */
  static List<String> of(
      QemuSpec spec, QemuPlace place, QemuBody.Mode mode, Accelerator accelerator) {
    List<String> arguments = new ArrayList<>();
    identity(arguments, spec);
    memory(arguments, spec, place);
    add(arguments, "-smp", accelerator.processors(spec.cpus()));
    add(arguments, "-accel", accelerator.argument());
    plumbing(arguments, place);
    boot(arguments, spec);
    disk(arguments, spec);
    network(arguments, spec, place);
    arguments.addAll(spec.extraArguments());
    arguments.addAll(mode.arguments());
    return List.copyOf(arguments);
  }

  private static void identity(List<String> arguments, QemuSpec spec) {
    add(arguments, "-name", escape(spec.name()), "-uuid", spec.id().toString());
    add(arguments, "-no-user-config", "-nodefaults", "-display", "none");
  }

  private static void memory(List<String> arguments, QemuSpec spec, QemuPlace place) {
    String bytes = Long.toString(spec.memoryBytes());
    add(
        arguments,
        "-machine",
        spec.machineType() + ",memory-backend=" + MEMORY_BACKEND,
        "-object",
        "memory-backend-file,id="
            + MEMORY_BACKEND
            + ",size="
            + bytes
            + ",mem-path="
            + escape(place.ramFile().toString())
            // merge: KSM would replace pages behind the pager's back.
            + ",share=on,prealloc=off,merge=off");
    // Plain bytes: QEMU rounds a number without a unit here from MiB.
    add(arguments, "-m", "size=" + bytes + "B");
  }

  private static void plumbing(List<String> arguments, QemuPlace place) {
    add(
        arguments,
        "-qmp",
        "unix:" + escape(place.qmpSocket().toString()) + ",server=on,wait=off",
        "-serial",
        "file:" + escape(place.console().toString()),
        "-pidfile",
        place.pidFile().toString());
  }

  private static void boot(List<String> arguments, QemuSpec spec) {
    if (spec.kernel() != null) {
      add(arguments, "-kernel", spec.kernel());
    }
    if (spec.initrd() != null) {
      add(arguments, "-initrd", spec.initrd());
    }
    if (spec.append() != null) {
      add(arguments, "-append", spec.append());
    }
  }

  private static void disk(List<String> arguments, QemuSpec spec) {
    String disk = spec.disk();
    if (disk == null) {
      return;
    }
    // By name, never by content: a guest could write a qcow2 header into a raw disk.
    String format = disk.toLowerCase(Locale.ROOT).endsWith(".qcow2") ? "qcow2" : "raw";
    add(
        arguments,
        "-drive",
        "file="
            + escape(disk)
            + ",if=none,id=disk0,format="
            + format
            + ",cache=writeback,aio=threads",
        "-device",
        "virtio-blk-pci,drive=disk0,id=blk0");
  }

  private static void network(List<String> arguments, QemuSpec spec, QemuPlace place) {
    QemuNet net = spec.net();
    if (net == null) {
      return;
    }
    add(
        arguments,
        "-netdev",
        "tap,id=net0,ifname=" + place.tapName(spec.name()) + ",script=no,downscript=no,vhost=off",
        "-device",
        // romfile: option ROMs are RAM blocks, and their size must agree on both sides.
        "virtio-net-pci,netdev=net0,id=nic0,mac=" + net.mac() + ",romfile=");
  }

  private static void add(List<String> arguments, String... more) {
    arguments.addAll(List.of(more));
  }

  /** A comma inside a value is written twice. */
  private static String escape(String value) {
    return value.replace(",", ",,");
  }
}
