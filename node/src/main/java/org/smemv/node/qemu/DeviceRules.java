package org.smemv.node.qemu;

import java.util.List;
import java.util.Optional;

/**
 * Devices and disk settings that get at guest memory in a way that a pager of page tables cannot
 * see. Used on a running QEMU and, before it runs, on its arguments.
 */
final class DeviceRules {
  private static final String OTHER_PROCESS =
      "another process maps the guest's memory, and its access to a page that is elsewhere would"
          + " read zeros";
  private static final String PINNED =
      "it writes to pinned pages behind the page tables, so a page that is moved away loses data";

  private record Rule(String prefix, String why, String remedy) {}

  private static final List<Rule> RULES =
      List.of(
          new Rule("vfio", PINNED, "use an emulated device such as virtio-net-pci"),
          new Rule("vhost-user-fs", OTHER_PROCESS, "use a virtio-blk disk instead of virtio-fs"),
          new Rule(
              "vhost-user",
              OTHER_PROCESS,
              "use a device inside QEMU: virtio-net-pci with -netdev" + " tap, virtio-blk-pci"),
          new Rule("vhost-vdpa", PINNED, "use virtio-net-pci with -netdev tap"),
          new Rule("vhost-scsi", PINNED, "use virtio-scsi-pci or virtio-blk-pci"),
          new Rule("virtio-fs", OTHER_PROCESS, "use a virtio-blk disk"),
          new Rule("scsi-block", PINNED, "use scsi-hd or virtio-blk-pci"),
          new Rule("scsi-generic", PINNED, "use scsi-hd or virtio-blk-pci"),
          new Rule("pvrdma", PINNED, "use virtio-net-pci with -netdev tap"),
          new Rule(
              "ivshmem", OTHER_PROCESS, "remove it: memory shared between guests cannot be moved"));

  private DeviceRules() {}

  /**
   * Judges a device, network back end or character device by its type.
   *
   * @param what how to name it in the refusal
   */
  static Optional<Refusal> device(String what, String type) {
    return RULES.stream()
        .filter(rule -> type.startsWith(rule.prefix()))
        .findFirst()
        .map(rule -> new Refusal(what, rule.why(), rule.remedy()));
  }

  /** The refusal of a disk that bypasses the page cache. */
  static Refusal directDisk(String what) {
    return new Refusal(
        what,
        "O_DIRECT disk input goes to pinned pages behind the page tables",
        "use cache=writeback and aio=threads");
  }
}
