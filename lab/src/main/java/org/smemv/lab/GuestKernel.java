package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Debian's cloud kernel, taken out of its package without being installed.
 *
 * @param image the kernel as QEMU's {@code -kernel} wants it
 * @param modules a flat folder of the modules that the guest loads
 * @param version the package's name, which carries the kernel's version
 */
record GuestKernel(Path image, Path modules, String version) {
  private static final String META_PACKAGE = "linux-image-cloud-amd64";
  private static final String PREFIX = "kernel-";

  /** Virtio over PCI, network, disk, balloon; those that a kernel has built in are no files. */
  static final List<String> MODULES =
      List.of(
          "virtio_ring",
          "virtio",
          "virtio_pci_modern_dev",
          "virtio_pci_legacy_dev",
          "virtio_pci",
          "failover",
          "net_failover",
          "virtio_net",
          "virtio_blk",
          "virtio_balloon");

  /**
   * The newest kernel in the cache; Debian's current one when there is none. A cached kernel is not
   * compared with Debian's again, so the lab works without a network from then on.
   */
  static GuestKernel in(CacheFolder cache) {
    Path folder =
        cache
            .newest(PREFIX)
            .orElseGet(
                () -> {
                  String name = DebianPackages.resolve(META_PACKAGE);
                  return cache.get(PREFIX + name, aside -> fetch(name, aside));
                });
    return new GuestKernel(
        folder.resolve("vmlinuz"),
        folder.resolve("modules"),
        folder.getFileName().toString().substring(PREFIX.length()));
  }

  private static void fetch(String packageName, Path folder) throws IOException {
    Path work = Files.createDirectory(folder.resolve("package"));
    DebianPackages.download(packageName, work);
    DebianPackages.unpack(only(work, ".deb"), work);
    Files.move(only(work.resolve("boot"), "vmlinuz-", ""), folder.resolve("vmlinuz"));
    Path modules = Files.createDirectory(folder.resolve("modules"));
    try (Stream<Path> files = Files.walk(work)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".ko") && MODULES.contains(name.substring(0, name.length() - 3))) {
          Files.move(file, modules.resolve(name));
        }
      }
    }
    DeletedTree.delete(work);
  }

  private static Path only(Path folder, String suffix) throws IOException {
    return only(folder, "", suffix);
  }

  private static Path only(Path folder, String prefix, String suffix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(prefix))
          .filter(file -> file.getFileName().toString().endsWith(suffix))
          .findFirst()
          .orElseThrow(
              () -> new IOException("no file '%s*%s' in %s".formatted(prefix, suffix, folder)));
    }
  }
}
