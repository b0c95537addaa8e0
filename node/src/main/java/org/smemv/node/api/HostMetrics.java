package org.smemv.node.api;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.smemv.migration.MigrationState;

/**
 * The figures of a host for monitoring. Counters count since the agent took over what they are
 * about.
 *
 * @param host its memory
 * @param unheldVms that a dead agent left and this one has not taken hold of
 * @param vms a row for each VM whose body is here
 * @param migrations how many that were started here are in each state now
 * @param migrationSentBytes by all of them
 * @param dataConnections of other hosts, open now
 * @param contents of pages that its page server sent and received
 */
public record HostMetrics(
    HostReport host,
    int unheldVms,
    List<Vm> vms,
    Map<MigrationState, Long> migrations,
    long migrationSentBytes,
    int dataConnections,
    Contents contents) {
  public HostMetrics {
    vms = List.copyOf(vms);
    migrations = Map.copyOf(migrations);
  }

  /**
   * A VM on its main host; see {@link VmReport} for what the sizes mean.
   *
   * @param subs the hosts that hold the rest
   * @param remoteLatency of faults that a sub-host served
   */
  public record Vm(
      String name,
      long memoryBytes,
      long mainMemoryBytes,
      long residentBytes,
      long zeroBytes,
      List<VmReport.Sub> subs,
      Faults faults,
      VmReport.Evictions evictions,
      Latency remoteLatency) {
    public Vm {
      subs = List.copyOf(subs);
    }
  }

  /**
   * Page contents, without zeros.
   *
   * @param faultPages sent because a guest elsewhere touched them
   * @param backgroundPages sent to who gathers or takes over what is here
   * @param storedPages received, by evictions and migrations
   */
  public record Contents(long faultPages, long backgroundPages, long storedPages) {}

  /**
   * Page faults of the guest.
   *
   * @param remotePages filled from sub-hosts
   * @param zeroPages filled with zeros, neighbours of touched pages included
   * @param refusedPages whose contents were not the expected ones
   * @param waiting now, for a sub-host, for room or for an eviction
   */
  public record Faults(long remotePages, long zeroPages, long refusedPages, long waiting) {
    /** Nothing happened yet. */
    public static final Faults NONE = new Faults(0, 0, 0, 0);
  }

  /**
   * How long something took.
   *
   * @param counts how often up to each of {@link #BOUNDS_MICROS} and more than the one before, and
   *     last how often longer than all
   * @param sumSeconds of all times
   */
  public record Latency(List<Long> counts, double sumSeconds) {
    /** From half a round trip in a rack to a connection's time-out, in microseconds. */
    public static final List<Long> BOUNDS_MICROS =
        List.of(
            50L,
            100L,
            200L,
            500L,
            1_000L,
            2_000L,
            5_000L,
            10_000L,
            20_000L,
            50_000L,
            100_000L,
            200_000L,
            500_000L,
            1_000_000L,
            2_000_000L,
            5_000_000L,
            10_000_000L);

    /** Nothing was measured yet. */
    public static final Latency NONE =
        new Latency(Collections.nCopies(BOUNDS_MICROS.size() + 1, 0L), 0);

    public Latency {
      counts = List.copyOf(counts);
      if (counts.size() != BOUNDS_MICROS.size() + 1) {
        throw new IllegalArgumentException(counts.size() + " counts");
      }
    }
  }
}
