package org.smemv.lab.demo;

import java.time.Duration;
import org.smemv.lab.Guest;
import org.smemv.lab.GuestImage;
import org.smemv.lab.Lab;
import org.smemv.lab.LoadSummary;
import org.smemv.lab.RunningLoad;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;

/** The demo in a lab that is up: one method for each of its parts, in their order. One thread. */
final class Demo {
  private static final long POLL_MILLIS = 200;

  private final Lab lab;
  private final DemoProgress progress;
  private final Guest guest;

  Demo(Lab lab, DemoProgress progress) {
    this.lab = lab;
    this.progress = progress;
    this.guest = lab.client().guest();
  }

  /**
   * Runs it.
   *
   * @throws org.smemv.lab.LabException when a part of it could not be done at all
   * @throws OperationException when an agent refused or failed
   */
  DemoSummary run(GuestImage image) throws OperationException, InterruptedException {
    HostOperations source = lab.operations(DemoPlan.SOURCE);
    source.start(DemoPlan.vm(image));
    guest.awaitReady(DemoPlan.BOOT_MAX);
    progress.line(
        "VM %s runs on %s: 1 GiB, memcached, and stress-ng on 16 MiB"
            .formatted(DemoPlan.VM, DemoPlan.SOURCE));
    long begun = System.nanoTime();
    try (RunningLoad load = lab.client().startLoad(DemoPlan.load(guest.address()))) {
      load.awaitFilled(DemoPlan.FILL_MAX);
      progress.line("memcached holds 480 MiB of the client's values; sets and gets begin");
      watchLoad(load, DemoPlan.BEFORE);
      long ticksBefore = guest.stressTicks();
      progress.line("splitting the VM: main host h2 with 512 MiB, sub-hosts h3 and h4");
      DemoMigration migration = new DemoMigration(source, progress);
      MigrationReport report = migration.run();
      progress.line(
          "the VM runs on h2; it stood still for %d ms".formatted(report.downtimeMillis()));
      long ticksSwitched = guest.stressTicks();
      watchPaging(load, DemoPlan.AFTER);
      VmReport vm = lab.operations(DemoPlan.MAIN).vm(DemoPlan.VM);
      DemoMoments moments = migration.moments(System.currentTimeMillis());
      LoadSummary clientSaw = load.stop();
      DemoSummary.GuestCheck check =
          new DemoSummary.GuestCheck(
              ticksBefore, ticksSwitched, guest.stressTicks(), guest.stressErrors());
      double seconds = (System.nanoTime() - begun) / 1e9;
      return DemoJudgement.of(seconds, report, moments, check, vm, clientSaw);
    }
  }

  private void watchLoad(RunningLoad load, Duration time) throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      Thread.sleep(POLL_MILLIS);
      if (progress.isDue()) {
        progress.load(load.requestsLastSecond());
      }
    }
  }

  private void watchPaging(RunningLoad load, Duration time)
      throws OperationException, InterruptedException {
    HostOperations main = lab.operations(DemoPlan.MAIN);
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      Thread.sleep(POLL_MILLIS);
      if (progress.isDue()) {
        progress.paging(main.vm(DemoPlan.VM), load.requestsLastSecond());
      }
    }
  }
}
