package org.smemv.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.smemv.lab.GuestImage;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LabHost;
import org.smemv.lab.LabPlan;
import org.smemv.lab.LinkRate;
import org.smemv.lab.LoadPlan;
import org.smemv.lab.RunningLoad;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;

/**
 * N to 1: a VM that is split over a main host and three sub-hosts, a quarter of its pages on each,
 * is merged on a fifth host with a faster link, against what plain TCP brings from the same four
 * hosts to the fifth at once. Besides, its main part alone moves: what sub-hosts send then.
 */
final class GatherBench {
  private static final long SETTLE_MILLIS = 2000;
  private static final String MAIN = "h1";
  private static final List<String> SUBS = List.of("h2", "h3", "h4");
  private static final List<String> SENDERS = List.of("h1", "h2", "h3", "h4");
  private static final String TARGET = "h5";

  /** What a main host keeps free of its part for pages on their way. */
  private static final double HEADROOM = 16.0 / 15;

  /**
   * What to measure.
   *
   * @param vmMebibytes memory of the VM
   * @param repetitions of all moves, idle and loaded
   * @param links rate of the links of the four hosts
   * @param targetLink rate of the link of the fifth
   */
  record Options(int vmMebibytes, int repetitions, String links, String targetLink) {
    Options {
      if (repetitions < 1 || vmMebibytes < 256) {
        throw new IllegalArgumentException("there must be 256 MiB and 1 repetition or more");
      }
    }

    LabPlan plan() {
      long whole = (vmMebibytes + 256L) << 20;
      long half = (vmMebibytes / 2 + 128L) << 20;
      List<LinkRate> rates = new ArrayList<>(Collections.nCopies(4, LinkRate.parse(links)));
      rates.add(LinkRate.parse(targetLink));
      return LabPlan.of(List.of(half, half, half, half, whole), rates, LabPlan.DEFAULT_MTU);
    }
  }

  private final Options options;
  private final Lab lab;
  private final Consumer<String> progress;
  private final List<GatherFigures.Merge> merges = new ArrayList<>();
  private final List<GatherFigures.Partial> partials = new ArrayList<>();

  private GatherBench(Options options, Lab lab, Consumer<String> progress) {
    this.options = options;
    this.lab = lab;
    this.progress = progress;
  }

  /**
   * Makes a lab, measures, and removes the lab.
   *
   * @param progress is told what happens
   * @throws LabException when a part does not start, or the guest answered wrongly
   */
  static GatherFigures run(Options options, Consumer<String> progress) throws OperationException {
    GuestImage image = GuestImage.get();
    try (Lab lab = Lab.up(options.plan())) {
      GatherBench bench = new GatherBench(options, lab, progress);
      List<Double> before = bench.links();
      bench.measure(image);
      List<Double> after = bench.links();
      return GatherFigures.of(before, after, bench.merges, bench.partials);
    }
  }

  /** Bytes a second that plain TCP brings from each of the four, all at once. */
  private List<Double> links() {
    List<LabHost> sources = SENDERS.stream().map(lab::host).toList();
    try (LinkMeasure link = new LinkMeasure(lab.host(TARGET), sources)) {
      List<Double> rates = link.bulk();
      progress.accept(
          "plain TCP, MB/s of each link: " + rates.stream().map(r -> Math.round(r / 1e6)).toList());
      return rates;
    }
  }

  private void measure(GuestImage image) throws OperationException {
    try (BenchVm vm = new BenchVm(lab, TARGET, options.vmMebibytes(), image)) {
      LoadPlan plan = vm.fill();
      warmUp(vm);
      repeat(vm, "idle");
      try (RunningLoad load = lab.client().startLoad(plan)) {
        load.awaitFilled(BenchVm.FILLS);
        repeat(vm, "loaded");
        BenchVm.end(load);
      }
    }
  }

  /**
   * Every move once: agents compile what they run often, and the machine touches memory for the
   * first time, which on a virtual machine costs several times as much as afterwards.
   */
  private void warmUp(BenchVm vm) throws OperationException {
    progress.accept("to warm up, not counted:");
    moveAbout(vm, "idle");
    merges.clear();
    partials.clear();
  }

  private void repeat(BenchVm vm, String guest) throws OperationException {
    progress.accept("counted:");
    for (int i = 0; i < options.repetitions(); i++) {
      moveAbout(vm, guest);
    }
  }

  private void moveAbout(BenchVm vm, String guest) throws OperationException {
    long main = split(vm);
    partial(vm, guest, TARGET, main);
    partial(vm, guest, MAIN, main);
    merge(vm, guest, "pre-copy", MigrationMode.PRECOPY);
    var _ = split(vm);
    merge(vm, guest, "post-copy", MigrationMode.POSTCOPY);
  }

  /** A quarter of all pages that are not zeros to each host; how much the main host got. */
  private long split(BenchVm vm) throws OperationException {
    long main = (long) (vm.report().residentBytes() * HEADROOM / 4) >> 20 << 20;
    var _ = vm.move(MigrationMode.PRECOPY, MAIN, main, SUBS, _ -> {});
    BenchVm.pause(SETTLE_MILLIS);
    return main;
  }

  private void partial(BenchVm vm, String guest, String to, long mainBytes)
      throws OperationException {
    BenchVm.pause(SETTLE_MILLIS);
    TrafficLog log = TrafficLog.start(lab, SENDERS, TARGET);
    MigrationReport report;
    try (log) {
      report = vm.move(MigrationMode.PRECOPY, to, mainBytes, SUBS, _ -> {});
    }
    long remote = vm.report().faults().remote();
    GatherFigures.Partial partial =
        new GatherFigures.Partial(
            guest,
            report.totalTimeMillis(),
            report.downtimeMillis(),
            report.ram().transferred(),
            log.sent(SUBS),
            remote << 12);
    partials.add(partial);
    progress.accept(partial.toString());
  }

  private void merge(BenchVm vm, String guest, String name, MigrationMode mode)
      throws OperationException {
    BenchVm.pause(SETTLE_MILLIS);
    TrafficLog log = TrafficLog.start(lab, SENDERS, TARGET);
    MigrationReport report;
    try (log) {
      report = vm.move(mode, TARGET, (long) options.vmMebibytes() << 20, List.of(), _ -> {});
    }
    GatherFigures.Merge merge =
        new GatherFigures.Merge(
            guest,
            name,
            report.totalTimeMillis(),
            report.downtimeMillis(),
            log.transferMillis(),
            log.receivedInTransfer(),
            log.sent(List.of(MAIN)),
            log.sent(SUBS),
            log.receivedBy(MAIN));
    merges.add(merge);
    progress.accept(merge.toString());
  }
}
