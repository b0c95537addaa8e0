package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** How much of this machine's memory can be offered at all. */
final class HostMemory {
  /** The agent's JVM and one QEMU beside its guest, at least. */
  private static final long RESERVE_BYTES = 256L << 20;

  /** Page tables take 1/512 of the VMs here, the bookkeeping of shares 1/341 of those. */
  private static final int RESERVE_FRACTION = 128;

  private HostMemory() {}

  /**
   * Refuses a capacity that this machine can never have. Whether several agents of one machine
   * promise more than it has together is theirs to know.
   *
   * @throws IllegalArgumentException when it is too large
   */
  static void require(long capacityBytes) throws IOException {
    require(capacityBytes, totalBytes(Files.readAllLines(Path.of("/proc/meminfo"))));
  }

  static void require(long capacityBytes, long totalBytes) {
    long offered = Math.max(0, totalBytes - RESERVE_BYTES);
    long most = offered - offered / RESERVE_FRACTION;
    if (capacityBytes > most) {
      throw new IllegalArgumentException(
          "--capacity of %d MiB: this host has %d MiB of memory and can offer at most %d MiB of it"
              .formatted(capacityBytes >> 20, totalBytes >> 20, most >> 20));
    }
  }

  /** From {@code MemTotal: 24684084 kB}; see proc_meminfo(5). */
  static long totalBytes(List<String> meminfo) throws IOException {
    for (String line : meminfo) {
      if (line.startsWith("MemTotal:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("/proc/meminfo does not tell MemTotal");
  }
}
