package org.smemv.node.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.HostMetrics;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.VmReport;
import org.smemv.paging.GuestPager;
import org.smemv.paging.ServedPages;

/** The figures of this host for monitoring. Any thread may ask; no QEMU is asked for them. */
final class HostFigures {
  private static final double NANOS_PER_SECOND = 1e9;

  private final Supplier<HostReport> description;
  private final HostedVms vms;
  private final Departures departures;
  private final IntSupplier connections;
  private final ServedPages served;

  /**
   * @param connections counts those of other hosts
   * @param served by the page server of this host
   */
  HostFigures(
      Supplier<HostReport> description,
      HostedVms vms,
      Departures departures,
      IntSupplier connections,
      ServedPages served) {
    this.description = description;
    this.vms = vms;
    this.departures = departures;
    this.connections = connections;
    this.served = served;
  }

  HostMetrics now() {
    List<HostMetrics.Vm> rows = new ArrayList<>();
    for (HostedVms.Entry entry : vms.all()) {
      rows.add(row(entry));
    }
    MigrationSums migrations = departures.sums();
    return new HostMetrics(
        description.get(),
        vms.unheld().size(),
        rows,
        migrations.byState(),
        migrations.sentBytes(),
        connections.getAsInt(),
        new HostMetrics.Contents(served.toFaults(), served.inBackground(), served.received()));
  }

  private static HostMetrics.Vm row(HostedVms.Entry entry) {
    VmRecord record = entry.vm().record();
    GuestPager pager = entry.vm().pager();
    List<VmReport.Sub> subs = VmReports.subs(pager);
    long remote = subs.stream().mapToLong(VmReport.Sub::bytes).sum();
    long resident = entry.reports().residentBytes();
    return new HostMetrics.Vm(
        record.name(),
        record.memoryBytes(),
        record.mainMemoryBytes(),
        resident,
        Math.max(0, record.memoryBytes() - resident - remote),
        subs,
        faults(pager),
        VmReports.evictions(pager),
        pager == null ? HostMetrics.Latency.NONE : latency(pager.faults().latency()));
  }

  private static HostMetrics.Faults faults(@Nullable GuestPager pager) {
    if (pager == null) {
      return HostMetrics.Faults.NONE;
    }
    return new HostMetrics.Faults(
        pager.faults().remote(),
        pager.faults().zero(),
        pager.faults().refused(),
        pager.waitingFaults());
  }

  static HostMetrics.Latency latency(Histogram nanos) {
    List<Long> counts = new ArrayList<>();
    long before = 0;
    for (long bound : HostMetrics.Latency.BOUNDS_MICROS) {
      long upTo = nanos.getCountBetweenValues(0, bound * 1000);
      counts.add(upTo - before);
      before = upTo;
    }
    long all = nanos.getTotalCount();
    counts.add(all - before);
    return new HostMetrics.Latency(counts, all == 0 ? 0 : nanos.getMean() * all / NANOS_PER_SECOND);
  }
}
