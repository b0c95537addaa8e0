package org.smemv.node.api;

import static org.smemv.node.api.MetricFamilies.count;
import static org.smemv.node.api.MetricFamilies.value;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import org.smemv.migration.MigrationState;

/**
 * The figures of a host in Prometheus' text format, version 0.0.4. Labels are the names of VMs on
 * this host, of their sub-hosts (64 at most each) and of states, so that their number is bounded by
 * what is there now.
 */
final class MetricsPage {
  private static final double MICROS_PER_SECOND = 1e6;

  private final HostMetrics metrics;
  private final MetricFamilies families = new MetricFamilies();

  private MetricsPage(HostMetrics metrics) {
    this.metrics = metrics;
  }

  /**
   * The whole page.
   *
   * @param followers readers of event streams
   */
  static byte[] of(HostMetrics metrics, int followers) {
    MetricsPage page = new MetricsPage(metrics);
    page.host();
    page.memory();
    page.subHosts();
    page.faults();
    page.evictions();
    page.migrations();
    page.contents();
    page.gauge(
        "smemv_data_connections", "Open connections of other hosts.", metrics.dataConnections());
    page.gauge("smemv_api_followers", "Open event streams of this API.", followers);
    return page.families.text();
  }

  private void host() {
    HostReport host = metrics.host();
    gauge("smemv_host_capacity_bytes", "Memory that S-memV may use.", host.capacityBytes());
    gauge("smemv_host_free_bytes", "Memory neither used nor reserved.", host.freeBytes());
    gauge("smemv_host_reserved_bytes", "Memory granted and not yet used.", host.reservedBytes());
    gauge("smemv_host_used_bytes", "Memory used by VMs and shares.", host.usedBytes());
    gauge("smemv_host_vms", "VMs whose body is here.", metrics.vms().size());
    gauge(
        "smemv_host_vms_unheld",
        "VMs of a dead agent that this one has not taken hold of.",
        metrics.unheldVms());
    gauge("smemv_host_shares", "VMs that run elsewhere and have pages here.", host.shares().size());
    gauge(
        "smemv_host_share_bytes",
        "Memory that their pages take.",
        host.shares().stream().mapToLong(HostReport.Share::bytes).sum());
  }

  private void memory() {
    perVm("smemv_vm_memory_bytes", "The VM's memory.", HostMetrics.Vm::memoryBytes);
    perVm(
        "smemv_vm_main_memory_limit_bytes",
        "The most of it that may be on this host.",
        HostMetrics.Vm::mainMemoryBytes);
    perVm("smemv_vm_resident_bytes", "Of it on this host.", HostMetrics.Vm::residentBytes);
    perVm("smemv_vm_zero_bytes", "Of it zero and stored nowhere.", HostMetrics.Vm::zeroBytes);
  }

  private void subHosts() {
    GaugeSnapshot.Builder bytes =
        GaugeSnapshot.builder()
            .name("smemv_vm_remote_bytes")
            .help("Of a VM's memory on a sub-host, copies that are still to be dropped included.");
    GaugeSnapshot.Builder connected =
        GaugeSnapshot.builder()
            .name("smemv_vm_sub_host_connected")
            .help("1 when the sub-host can be reached, else 0.");
    for (HostMetrics.Vm vm : metrics.vms()) {
      for (VmReport.Sub sub : vm.subs()) {
        Labels labels = Labels.of("vm", vm.name(), "sub_host", sub.host());
        bytes.dataPoint(value(labels, sub.bytes()));
        connected.dataPoint(value(labels, sub.connected() ? 1 : 0));
      }
    }
    families.add(bytes.build());
    families.add(connected.build());
  }

  private void faults() {
    CounterSnapshot.Builder pages =
        CounterSnapshot.builder()
            .name("smemv_vm_fault_pages")
            .help("Pages filled because the guest touched them: from a sub-host, or with zeros.");
    HistogramSnapshot.Builder latency =
        HistogramSnapshot.builder()
            .name("smemv_vm_remote_fault_seconds")
            .help("From reading a fault to the page from a sub-host being in place.");
    for (HostMetrics.Vm vm : metrics.vms()) {
      HostMetrics.Faults faults = vm.faults();
      pages.dataPoint(count(Labels.of("vm", vm.name(), "kind", "remote"), faults.remotePages()));
      pages.dataPoint(count(Labels.of("vm", vm.name(), "kind", "zero"), faults.zeroPages()));
      latency.dataPoint(histogram(Labels.of("vm", vm.name()), vm.remoteLatency()));
    }
    families.add(pages.build());
    families.add(latency.build());
    perVm(
        "smemv_vm_faults_waiting",
        "Faults that wait now, for a sub-host, for room or for an eviction.",
        vm -> vm.faults().waiting());
    countPerVm(
        "smemv_vm_refused_pages",
        "Pages from sub-hosts whose contents were not the expected ones.",
        vm -> vm.faults().refusedPages());
  }

  private void evictions() {
    countPerVm(
        "smemv_vm_evicted_pages",
        "Pages that left this host, zero pages included.",
        vm -> vm.evictions().count());
    countPerVm(
        "smemv_vm_evicted_zero_pages",
        "Evicted pages that were all zeros and went nowhere.",
        vm -> vm.evictions().zeros());
    countPerVm(
        "smemv_vm_late_writes",
        "Pages written while they were evicted, caught and put back.",
        vm -> vm.evictions().lateWrites());
    countPerVm(
        "smemv_vm_eviction_sent_bytes",
        "Sent to sub-hosts by evictions.",
        vm -> vm.evictions().bytesSent());
  }

  private void migrations() {
    GaugeSnapshot.Builder states =
        GaugeSnapshot.builder()
            .name("smemv_migrations")
            .help("Migrations started here, by the state that they are in now.");
    for (MigrationState state : MigrationState.values()) {
      Labels labels = Labels.of("state", state.name().toLowerCase(Locale.ROOT));
      states.dataPoint(value(labels, metrics.migrations().getOrDefault(state, 0L)));
    }
    families.add(states.build());
    families.counter(
        "smemv_migration_sent_bytes",
        "Sent to targets by migrations started here.",
        metrics.migrationSentBytes());
  }

  private void contents() {
    HostMetrics.Contents contents = metrics.contents();
    families.add(
        CounterSnapshot.builder()
            .name("smemv_sent_pages")
            .help(
                "Page contents sent to other hosts that asked: for a fault of a guest, or in the"
                    + " background, to gather or take over what is here.")
            .dataPoint(count(Labels.of("asked_for", "fault"), contents.faultPages()))
            .dataPoint(count(Labels.of("asked_for", "background"), contents.backgroundPages()))
            .build());
    families.add(
        CounterSnapshot.builder()
            .name("smemv_stored_pages")
            .help("Page contents received from evictions and migrations.")
            .dataPoint(count(Labels.EMPTY, contents.storedPages()))
            .build());
  }

  private void gauge(String name, String help, long value) {
    families.gauge(name, help, value);
  }

  private void perVm(String name, String help, ToLongFunction<HostMetrics.Vm> figure) {
    GaugeSnapshot.Builder family = GaugeSnapshot.builder().name(name).help(help);
    for (HostMetrics.Vm vm : metrics.vms()) {
      family.dataPoint(value(Labels.of("vm", vm.name()), figure.applyAsLong(vm)));
    }
    families.add(family.build());
  }

  private void countPerVm(String name, String help, ToLongFunction<HostMetrics.Vm> figure) {
    CounterSnapshot.Builder family = CounterSnapshot.builder().name(name).help(help);
    for (HostMetrics.Vm vm : metrics.vms()) {
      family.dataPoint(count(Labels.of("vm", vm.name()), figure.applyAsLong(vm)));
    }
    families.add(family.build());
  }

  private static HistogramDataPointSnapshot histogram(Labels labels, HostMetrics.Latency latency) {
    List<Double> bounds = new ArrayList<>();
    HostMetrics.Latency.BOUNDS_MICROS.forEach(micros -> bounds.add(micros / MICROS_PER_SECOND));
    bounds.add(Double.POSITIVE_INFINITY);
    return HistogramDataPointSnapshot.builder()
        .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, latency.counts()))
        .sum(latency.sumSeconds())
        .labels(labels)
        .build();
  }
}
