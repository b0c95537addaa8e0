package org.smemv.node.qemu;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Checks the QEMU arguments that a user adds to those S-memV makes. */
public final class QemuExtraArguments {
  /** Options that S-memV sets itself, with what to use instead. */
  private static final Map<String, String> OURS =
      Map.ofEntries(
          Map.entry("-m", "use --memory"),
          Map.entry("-smp", "use --cpus"),
          Map.entry("-accel", "use --accel"),
          Map.entry("-enable-kvm", "use --accel kvm"),
          Map.entry("-name", "the VM's name is the first argument of vm start"),
          Map.entry("-uuid", "S-memV gives each VM its identity"),
          Map.entry("-machine", "S-memV fixes the machine type for the VM's life"),
          Map.entry("-M", "S-memV fixes the machine type for the VM's life"),
          Map.entry("-kernel", "use --kernel"),
          Map.entry("-initrd", "use --initrd"),
          Map.entry("-append", "use --append"),
          Map.entry("-qmp", "S-memV owns the monitor; use -monitor for one of your own"),
          Map.entry("-qmp-pretty", "S-memV owns the monitor; use -monitor for one of your own"),
          Map.entry("-pidfile", "S-memV writes it"),
          Map.entry("-S", "S-memV starts the guest itself"),
          Map.entry("-incoming", "S-memV starts the destination itself, see vm migrate"),
          Map.entry("-loadvm", "start the VM and migrate it with S-memV instead"),
          Map.entry("-daemonize", "S-memV keeps QEMU in the background"),
          Map.entry("-preconfig", "S-memV starts the guest itself"),
          Map.entry("-mem-path", "S-memV owns the memory; use --memory"),
          Map.entry("-mem-prealloc", "memory is filled when it is touched"),
          Map.entry("-numa", "guest NUMA nodes need memory of their own; one backend is supported"),
          Map.entry("-readconfig", "write the options themselves, so that they can be checked"));

  /** Options that hold memory of their own or keep it in place. */
  private static final Set<String> MEMORY_DEVICES =
      Set.of("pc-dimm", "nvdimm", "virtio-mem-pci", "virtio-pmem-pci", "memory-backend");

  private QemuExtraArguments() {}

  /**
   * Accepts or refuses.
   *
   * @throws IllegalArgumentException naming the first argument that does not fit and the remedy
   */
  public static void check(List<String> arguments) {
    for (String argument : arguments) {
      if (argument == null || argument.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("a QEMU argument is null or has a zero byte");
      }
    }
    for (QemuOption option : QemuOption.parse(arguments)) {
      if (option.name().isEmpty()) {
        throw new IllegalArgumentException(
            "QEMU argument '" + option.value() + "' belongs to no option; for a disk use --disk");
      }
      String instead = OURS.get(option.name());
      if (instead != null) {
        throw new IllegalArgumentException("QEMU argument " + option + " conflicts: " + instead);
      }
      refusal(option)
          .ifPresent(
              refusal -> {
                throw new IllegalArgumentException("QEMU argument " + refusal);
              });
    }
  }

  /** Why this option makes a VM unsuitable, if it does. */
  static Optional<Refusal> refusal(QemuOption option) {
    return switch (option.name()) {
      case "-object", "-device" -> memory(option).or(() -> device(option));
      case "-netdev", "-nic", "-net" -> device(option);
      case "-drive", "-blockdev" -> disk(option);
      case "-overcommit", "-realtime" -> locked(option);
      case "-mon" -> monitor(option);
      default -> Optional.empty();
    };
  }

  private static Optional<Refusal> device(QemuOption option) {
    return DeviceRules.device(option.toString(), option.type());
  }

  private static Optional<Refusal> memory(QemuOption option) {
    return MEMORY_DEVICES.stream()
        .filter(option.type()::startsWith)
        .findFirst()
        .map(
            type ->
                new Refusal(
                    option.toString(),
                    "a VM has exactly one memory backend",
                    "leave it out and use --memory"));
  }

  private static Optional<Refusal> disk(QemuOption option) {
    boolean direct =
        Set.of("none", "directsync").contains(option.get("cache"))
            || isOn(option, "cache.direct")
            || option.values("aio").contains("native");
    if (direct) {
      return Optional.of(DeviceRules.directDisk(option.toString()));
    }
    if (option.get("driver").equals("nvme") || option.get("file").startsWith("nvme://")) {
      return DeviceRules.device(option.toString(), "vfio");
    }
    return Optional.empty();
  }

  /** Also of the nodes below; QEMU takes on, yes, y and true, and what it takes later is no no. */
  private static boolean isOn(QemuOption option, String key) {
    return !Set.of("off", "no", "n", "false").containsAll(option.values(key));
  }

  private static Optional<Refusal> locked(QemuOption option) {
    return option.get("mem-lock").equals("on") || option.get("mlock").equals("on")
        ? Optional.of(
            new Refusal(
                option.toString(),
                "locked memory cannot be moved away page by page",
                "use -overcommit mem-lock=off"))
        : Optional.empty();
  }

  private static Optional<Refusal> monitor(QemuOption option) {
    return option.get("mode").equals("control")
        ? Optional.of(
            new Refusal(
                option.toString(),
                "a second QMP monitor could change the VM behind S-memV's back",
                "use mode=readline"))
        : Optional.empty();
  }
}
