package org.smemv.lab.demo;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.lab.LabException;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;

/** Starts the demo's migration and follows it to its end. One thread. */
final class DemoMigration {
  private static final long POLL_MILLIS = 50;
  private static final List<MigrationState> RUNS_AT_SOURCE =
      List.of(
          MigrationState.PLAN, MigrationState.RESERVE, MigrationState.PREPARE, MigrationState.COPY);

  private final HostOperations source;
  private final DemoProgress progress;
  private long begun;
  private long copying;
  private long ended;

  DemoMigration(HostOperations source, DemoProgress progress) {
    this.source = source;
    this.progress = progress;
  }

  /**
   * Returns when the VM runs at its new main host.
   *
   * @throws LabException when it stays where it was
   */
  MigrationReport run() throws OperationException, InterruptedException {
    begun = System.currentTimeMillis();
    copying = begun;
    MigrationReport report = source.migrate(DemoPlan.VM, DemoPlan.migration());
    MigrationState shown = null;
    while (!report.state().isOverOrStalled()) {
      shown = show(report, shown);
      Thread.sleep(POLL_MILLIS);
      long asked = System.currentTimeMillis();
      report = source.migration(report.id());
      if (RUNS_AT_SOURCE.contains(report.state())) {
        copying = asked;
      }
    }
    ended = System.currentTimeMillis();
    if (report.state() != MigrationState.DONE) {
      throw new LabException(
          "the migration ended as %s: %s".formatted(report.state(), report.reason()));
    }
    return report;
  }

  private MigrationState show(MigrationReport report, @Nullable MigrationState shown) {
    if (report.state() != shown || progress.isDue()) {
      progress.migration(report);
    }
    return report.state();
  }

  /** When its steps were, after it has run. */
  DemoMoments moments(long end) {
    return new DemoMoments(begun, copying, ended, end);
  }
}
