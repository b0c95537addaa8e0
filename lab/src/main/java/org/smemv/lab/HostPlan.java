package org.smemv.lab;

import java.nio.file.Path;

/**
 * One host of a lab, before and while it exists.
 *
 * @param number 1 for {@code h1}, which has the address 10.77.0.1
 * @param capacityBytes memory that it offers to VMs and to other hosts' pages
 * @param link rate of its link, in each direction
 */
public record HostPlan(int number, long capacityBytes, LinkRate link) {
  /**
   * What a host may use beyond its capacity: the agent's JVM (heap 256 MiB, about 150 MiB beside
   * it), QEMU with its translated code (about 180 MiB) and the kernel's own structures.
   */
  static final long OVERHEAD_BYTES = 640L << 20;

  private static final int DATA_PORT = 7400;

  /** {@code h1}, {@code h2}, ... */
  public String name() {
    return "h" + number;
  }

  /** Its address on the network that all hosts, clients and VMs share (10.77.0.0/16). */
  public String address() {
    return "10.77.0." + number;
  }

  /** Where its agent takes page and control traffic, as HOST:PORT. */
  public String data() {
    return address() + ":" + DATA_PORT;
  }

  /** Its files: socket, log and state of the agent. */
  public Path folder() {
    return LabFiles.LAB.resolve(name());
  }

  /** The Unix socket of its agent's operator API. */
  public Path api() {
    return folder().resolve("api.sock");
  }

  /** Standard output and error of its agent. */
  public Path log() {
    return folder().resolve("agent.log");
  }

  long memoryLimitBytes() {
    return capacityBytes + OVERHEAD_BYTES;
  }

  NetworkNamespace namespace() {
    return new NetworkNamespace(LabNetwork.PREFIX + name());
  }
}
