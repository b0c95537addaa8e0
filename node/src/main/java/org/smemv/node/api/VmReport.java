package org.smemv.node.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A VM on its main host. Counters count since the VM came to this host.
 *
 * @param id a UUID, the VM's identity for life
 * @param host where it runs
 * @param reason why it is stalled or dead; null otherwise
 * @param memoryBytes guest RAM
 * @param mainMemoryBytes the most of it that may be on this host
 * @param residentBytes of it on this host
 * @param zeroBytes of it that are zero and stored nowhere
 * @param subs the hosts that hold the rest
 * @param pid QEMU's process id
 * @param migrationId of the migration under way; null when there is none
 */
public record VmReport(
    String name,
    String id,
    String host,
    VmState state,
    @Nullable String reason,
    long memoryBytes,
    long mainMemoryBytes,
    long residentBytes,
    long zeroBytes,
    List<Sub> subs,
    Faults faults,
    Evictions evictions,
    Rates rates,
    int cpus,
    long pid,
    String qemuVersion,
    String accelerator,
    @Nullable String migrationId) {
  public VmReport {
    subs = List.copyOf(subs);
  }

  /**
   * A sub-host's part.
   *
   * @param bytes of the VM that are there, with copies that are still to be dropped
   * @param connected whether it can be reached now
   */
  public record Sub(String host, long bytes, boolean connected) {}

  /**
   * Page faults of the guest, from their arrival to the end of their service.
   *
   * @param localZero answered with a zero page, without any other host
   * @param remote answered with a page from a sub-host
   * @param p50Micros latency of the remote ones; percentiles and the largest
   */
  public record Faults(
      long count,
      long localZero,
      long remote,
      double p50Micros,
      double p99Micros,
      double p999Micros,
      double maxMicros) {
    /** Nothing happened yet. */
    public static final Faults NONE = new Faults(0, 0, 0, 0, 0, 0, 0);
  }

  /**
   * Pages moved from this host to sub-hosts.
   *
   * @param count pages evicted
   * @param zeros of them, all zeros: they need no sub-host
   * @param lateWrites of them, written while they were evicted, and caught
   * @param bytesSent to sub-hosts
   */
  public record Evictions(long count, long zeros, long lateWrites, long bytesSent) {
    /** Nothing happened yet. */
    public static final Evictions NONE = new Evictions(0, 0, 0, 0);
  }

  /** Over the last seconds; pages are 4096 bytes. */
  public record Rates(
      double faultsPerSecond, double swapInPagesPerSecond, double swapOutPagesPerSecond) {
    /** Nothing happened yet. */
    public static final Rates NONE = new Rates(0, 0, 0);
  }
}
