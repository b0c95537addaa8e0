package org.smemv.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.smemv.lab.GuestImage;
import org.smemv.lab.HostPlan;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LabPlan;
import org.smemv.lab.LinkRate;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SubShare;
import org.smemv.placement.Fleet;
import org.smemv.placement.FleetHost;
import org.smemv.placement.PlacementPlan;
import org.smemv.placement.PlacementPlanner;
import org.smemv.placement.PlacementWish;

/**
 * Fast evacuation: an idle VM leaves a host whose link is faster than that of any other host, once
 * for one of them and once over as many as the planner takes for that, against what plain TCP takes
 * from the host. After each it is gathered where it was.
 */
final class EvacuationBench {
  private static final long SETTLE_MILLIS = 2000;
  private static final int TARGETS = 4;
  private static final String SOURCE = "h1";

  /** It has a link like the source's: what the source can send is measured with it. */
  private static final String PROBE = "h6";

  /**
   * What to measure.
   *
   * @param vmMebibytes memory of the VM
   * @param repetitions of both ways to leave
   * @param link rate of the link of the host that is left
   * @param targetLinks rate of the links of the four hosts that take the VM
   */
  record Options(int vmMebibytes, int repetitions, String link, String targetLinks) {
    Options {
      if (repetitions < 1 || vmMebibytes < 256) {
        throw new IllegalArgumentException("there must be 256 MiB and 1 repetition or more");
      }
    }

    LabPlan plan() {
      long whole = (vmMebibytes + 256L) << 20;
      List<LinkRate> rates = new ArrayList<>();
      rates.add(LinkRate.parse(link));
      rates.addAll(Collections.nCopies(TARGETS, LinkRate.parse(targetLinks)));
      rates.add(LinkRate.parse(link));
      return LabPlan.of(Collections.nCopies(TARGETS + 2, whole), rates, LabPlan.DEFAULT_MTU);
    }
  }

  private final Options options;
  private final Lab lab;
  private final Consumer<String> progress;
  private final List<EvacuationFigures.Move> moves = new ArrayList<>();

  private EvacuationBench(Options options, Lab lab, Consumer<String> progress) {
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
  static EvacuationFigures run(Options options, Consumer<String> progress)
      throws OperationException {
    GuestImage image = GuestImage.get();
    try (Lab lab = Lab.up(options.plan())) {
      EvacuationBench bench = new EvacuationBench(options, lab, progress);
      double before = bench.link();
      bench.measure(image);
      return new EvacuationFigures(Math.max(before, bench.link()), bench.moves);
    }
  }

  /** Bytes a second of plain TCP from the host that is left. */
  private double link() {
    try (LinkMeasure link = new LinkMeasure(lab.host(PROBE), List.of(lab.host(SOURCE)))) {
      double rate = link.bulk().getFirst();
      progress.accept("plain TCP from %s: %.1f MB/s".formatted(SOURCE, rate / 1e6));
      return rate;
    }
  }

  private void measure(GuestImage image) throws OperationException {
    try (BenchVm vm = new BenchVm(lab, SOURCE, options.vmMebibytes(), image)) {
      var _ = vm.fill();
      progress.accept("to warm up, not counted:");
      leaveBothWays(vm);
      moves.clear();
      progress.accept("counted:");
      for (int i = 0; i < options.repetitions(); i++) {
        leaveBothWays(vm);
      }
    }
  }

  private void leaveBothWays(BenchVm vm) throws OperationException {
    leave(vm, "one host", plan(vm, 0));
    leave(vm, "fast", plan(vm, 1));
  }

  /** As the directory plans it. */
  private PlacementPlan plan(BenchVm vm, double linkPart) throws OperationException {
    PlacementWish wish =
        new PlacementWish(
            "vm",
            (long) options.vmMebibytes() << 20,
            vm.report().residentBytes(),
            0,
            SOURCE,
            null,
            Set.of(PROBE),
            Set.of(),
            PlacementWish.SUB_HOSTS_MAX,
            List.of(),
            linkPart);
    try {
      return PlacementPlanner.plan(fleet(), wish);
    } catch (PlacementPlanner.NoPlan e) {
      throw new LabException("no plan: " + e.getMessage(), e);
    }
  }

  private Fleet fleet() throws OperationException {
    List<FleetHost> hosts = new ArrayList<>();
    for (HostPlan plan : lab.plan().hosts()) {
      HostReport report = lab.operations(plan.name()).host();
      hosts.add(
          new FleetHost(
              plan.name(),
              report.capacityBytes(),
              report.freeBytes(),
              0,
              plan.link().bitsPerSecond() / 8,
              false,
              false,
              Set.of()));
    }
    return new Fleet(hosts);
  }

  private void leave(BenchVm vm, String way, PlacementPlan plan) throws OperationException {
    BenchVm.pause(SETTLE_MILLIS);
    List<SubShare> shares =
        plan.subs().stream().map(sub -> new SubShare(sub.host(), sub.grantBytes())).toList();
    TrafficLog log = TrafficLog.start(lab, List.of(SOURCE), plan.main().host());
    MigrationReport report;
    try (log) {
      report = vm.place(plan.main().host(), plan.main().grantBytes(), shares);
    }
    EvacuationFigures.Move move =
        new EvacuationFigures.Move(
            way,
            1 + shares.size(),
            plan.transfer().millis(),
            report.totalTimeMillis(),
            report.downtimeMillis(),
            log.sent(List.of(SOURCE)));
    moves.add(move);
    progress.accept(move.toString());
    BenchVm.pause(SETTLE_MILLIS);
    var _ =
        vm.move(
            MigrationMode.PRECOPY, SOURCE, (long) options.vmMebibytes() << 20, List.of(), _ -> {});
  }
}
