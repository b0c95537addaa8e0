package org.smemv.lab.demo;

import java.util.ArrayList;
import java.util.List;
import org.smemv.lab.Guest;
import org.smemv.lab.GuestImage;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LoadSummary;
import org.smemv.lab.RunningLoad;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;

/** Everything that can be done with a VM's memory, one after the other, under load. One thread. */
final class Tour {
  private static final long POLL_MILLIS = 50;

  /** When a step was, on the wall clock. */
  private record Seen(TourPlan.Step step, MigrationReport report, long begun, long ended) {}

  private final Lab lab;
  private final DemoProgress progress;
  private final Guest guest;
  private final List<Seen> seen = new ArrayList<>();
  private final List<Long> ticks = new ArrayList<>();

  Tour(Lab lab, DemoProgress progress) {
    this.lab = lab;
    this.progress = progress;
    this.guest = lab.client().guest();
  }

  /**
   * Runs it.
   *
   * @throws LabException when a step did not come to its end
   * @throws OperationException when an agent refused or failed
   */
  TourSummary run(GuestImage image) throws OperationException, InterruptedException {
    lab.operations(TourPlan.HOME).start(TourPlan.vm(image));
    guest.awaitReady(DemoPlan.BOOT_MAX);
    progress.line(
        "VM %s runs on %s: %d MiB, memcached, and stress-ng"
            .formatted(TourPlan.VM, TourPlan.HOME, TourPlan.VM_BYTES >> 20));
    long begun = System.nanoTime();
    try (RunningLoad load = lab.client().startLoad(TourPlan.load(guest.address()))) {
      load.awaitFilled(DemoPlan.FILL_MAX);
      progress.line("memcached holds the client's values; sets and gets begin");
      ticks.add(guest.stressTicks());
      for (TourPlan.Step step : TourPlan.steps()) {
        take(step);
        Thread.sleep(TourPlan.BETWEEN);
        ticks.add(guest.stressTicks());
      }
      VmReport vm = lab.operations(seen.getLast().step().to()).vm(TourPlan.VM);
      LoadSummary clientSaw = load.stop();
      double seconds = (System.nanoTime() - begun) / 1e9;
      List<TourSummary.Step> steps = seen.stream().map(each -> summary(each, clientSaw)).toList();
      return TourSummary.of(seconds, steps, guest.stressErrors(), ticks, vm, clientSaw);
    }
  }

  private void take(TourPlan.Step step) throws OperationException, InterruptedException {
    progress.line(step.title());
    HostOperations source = lab.operations(step.at());
    long begun = System.currentTimeMillis();
    MigrationReport report = source.migrate(TourPlan.VM, step.request());
    MigrationState shown = null;
    while (!report.state().isOverOrStalled()) {
      if (report.state() != shown || progress.isDue()) {
        progress.migration(report);
        shown = report.state();
      }
      Thread.sleep(POLL_MILLIS);
      report = source.migration(report.id());
    }
    if (report.state() != MigrationState.DONE) {
      throw new LabException(
          "%s ended as %s: %s".formatted(step.title(), report.state(), report.reason()));
    }
    seen.add(new Seen(step, report, begun, System.currentTimeMillis()));
  }

  private static TourSummary.Step summary(Seen each, LoadSummary load) {
    long start = load.startEpochMillis();
    return new TourSummary.Step(
        each.step().title(),
        each.report().totalTimeMillis(),
        Math.max(0, each.report().downtimeMillis()),
        load.longestGapMillis(each.begun() - start, each.ended() - start),
        each.report().ram().transferred());
  }
}
