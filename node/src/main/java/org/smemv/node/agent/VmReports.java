package org.smemv.node.agent;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.HostControl.Share;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;
import org.smemv.node.directory.Heartbeat;
import org.smemv.paging.GuestPager;
import org.smemv.paging.SubHost;
import org.smemv.placement.PageSize;

/** What an operator is told about a VM; remembers a little to tell rates. One per VM. */
final class VmReports {
  private static final Duration ANSWER = Duration.ofSeconds(2);

  private final HostedVm vm;
  private final String host;
  private long lastNanos = System.nanoTime();
  private long lastRemote;
  private long lastFaults;
  private long lastEvicted;
  private VmReport.Rates rates = VmReport.Rates.NONE;

  VmReports(HostedVm vm, String host) {
    this.vm = vm;
    this.host = host;
  }

  /** A report of this moment. */
  synchronized VmReport report(@Nullable String migrationId) {
    VmRecord record = vm.record();
    GuestPager pager = vm.pager();
    String stall = stallReason(pager);
    Boolean running = stall == null ? isRunning() : Boolean.FALSE;
    if (running == null) {
      stall = "its QEMU does not answer its monitor within " + ANSWER.toSeconds() + " s";
    }
    List<VmReport.Sub> subs = subs(pager);
    long remote = subs.stream().mapToLong(VmReport.Sub::bytes).sum();
    long resident = residentBytes();
    return new VmReport(
        record.name(),
        record.id().toString(),
        host,
        state(stall, migrationId, Boolean.TRUE.equals(running)),
        stall,
        record.memoryBytes(),
        record.mainMemoryBytes(),
        resident,
        Math.max(0, record.memoryBytes() - resident - remote),
        subs,
        faults(pager),
        evictions(pager),
        rates(pager),
        vm.body().spec().map(spec -> spec.cpus()).orElse(1),
        vm.body().process().pid(),
        qemuVersion(),
        vm.body().accelerator().toString(),
        migrationId);
  }

  /**
   * The short report for the directory. QEMU's monitor is not asked, as it may be late and a host
   * that does not speak counts as lost: a VM that nothing stops is said to run. Any thread.
   */
  Heartbeat.Vm heartbeat(@Nullable String migrationId) {
    VmRecord record = vm.record();
    GuestPager pager = vm.pager();
    String stall = stallReason(pager);
    List<VmReport.Sub> subs = subs(pager);
    long remote = subs.stream().mapToLong(VmReport.Sub::bytes).sum();
    long resident = Math.min(residentBytes(), record.memoryBytes());
    return new Heartbeat.Vm(
        record.name(),
        record.id(),
        record.epoch(),
        state(stall, migrationId, true),
        stall,
        record.memoryBytes(),
        record.mainMemoryBytes(),
        resident,
        Math.max(0, record.memoryBytes() - resident - remote),
        record.shares().isEmpty() ? 0 : resident,
        subs,
        record.shares().stream().filter(Share::leaving).map(Share::host).toList());
  }

  /** What each sub-host has; none of a VM that is wholly here. */
  static List<VmReport.Sub> subs(@Nullable GuestPager pager) {
    List<VmReport.Sub> subs = new ArrayList<>();
    for (SubHost sub : pager == null ? List.<SubHost>of() : pager.subHosts().all()) {
      boolean connected = sub.state() == SubHost.State.CONNECTED;
      long bytes = sub.usedPages() << PageSize.SHIFT;
      subs.add(new VmReport.Sub(sub.identity().name(), bytes, connected));
    }
    return subs;
  }

  private VmState state(@Nullable String stall, @Nullable String migrationId, boolean running) {
    if (!vm.body().process().isAlive()) {
      return VmState.DEAD;
    }
    if (vm.record().phase() == Phase.INCOMING) {
      return VmState.INCOMING;
    }
    if (stall != null || vm.record().phase() == Phase.LEAVING) {
      return VmState.STALLED;
    }
    if (migrationId != null) {
      return VmState.MIGRATING;
    }
    return running ? VmState.RUNNING : VmState.PAUSED;
  }

  private String qemuVersion() {
    try {
      return vm.body().qmp().version().toString();
    } catch (IOException e) {
      return "unknown";
    }
  }

  /** Null when QEMU does not answer in time. */
  private @Nullable Boolean isRunning() {
    try {
      return vm.body().qmp().execute("query-status", ANSWER).path("running").asBoolean();
    } catch (IOException e) {
      return null;
    }
  }

  private @Nullable String stallReason(@Nullable GuestPager pager) {
    if (!vm.body().process().isAlive()) {
      return "its QEMU has ended; see " + vm.paths().vm(vm.record().name()).resolve("qemu.log");
    }
    if (vm.record().phase() == Phase.LEAVING) {
      return "it is not known whether " + vm.record().leavingTo() + " took the VM; asking";
    }
    if (vm.broken() != null) {
      return vm.broken();
    }
    return pager == null ? null : PagingStall.of(pager);
  }

  /** Bytes of the VM in this host's memory; 0 once it has let go of it. */
  long residentBytes() {
    try {
      return residentNow();
    } catch (RuntimeException e) {
      if (vm.isClosed()) {
        return 0; // it ends this very moment: its file is closed already
      }
      throw e;
    }
  }

  private long residentNow() {
    GuestPager pager = vm.pager();
    if (pager != null) {
      return pager.budget().resident() << PageSize.SHIFT;
    }
    return vm.attachment().memory().presentPages() << PageSize.SHIFT;
  }

  private static VmReport.Faults faults(@Nullable GuestPager pager) {
    if (pager == null) {
      return VmReport.Faults.NONE;
    }
    Histogram latency = pager.faults().latency();
    return new VmReport.Faults(
        pager.faults().remote() + pager.faults().zero(),
        pager.faults().zero(),
        pager.faults().remote(),
        latency.getValueAtPercentile(50) / 1e3,
        latency.getValueAtPercentile(99) / 1e3,
        latency.getValueAtPercentile(99.9) / 1e3,
        latency.getMaxValue() / 1e3);
  }

  static VmReport.Evictions evictions(@Nullable GuestPager pager) {
    if (pager == null) {
      return VmReport.Evictions.NONE;
    }
    long evicted = pager.evictions().evicted();
    long zeros = pager.evictions().zeros();
    return new VmReport.Evictions(
        evicted, zeros, pager.evictions().lateWrites(), (evicted - zeros) << PageSize.SHIFT);
  }

  private VmReport.Rates rates(@Nullable GuestPager pager) {
    long now = System.nanoTime();
    if (pager == null || now - lastNanos < 500_000_000) {
      return rates;
    }
    double seconds = (now - lastNanos) / 1e9;
    long remote = pager.faults().remote();
    long faults = remote + pager.faults().zero();
    long evicted = pager.evictions().evicted();
    rates =
        new VmReport.Rates(
            (faults - lastFaults) / seconds,
            (remote - lastRemote) / seconds,
            (evicted - lastEvicted) / seconds);
    lastNanos = now;
    lastRemote = remote;
    lastFaults = faults;
    lastEvicted = evicted;
    return rates;
  }
}
