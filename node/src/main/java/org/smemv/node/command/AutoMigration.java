package org.smemv.node.command;

import java.time.Duration;
import java.util.List;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.DirectoryOperations;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.api.SubShare;

/**
 * A migration whose hosts the directory chooses. The directory promises nothing: when a host has
 * granted its memory to another meanwhile, the next plan is made with fresh figures.
 */
final class AutoMigration {
  private static final int PLANS_MAX = 3;
  private static final Duration POLL = Duration.ofMillis(100);

  /** Completes a request with what is not the directory's business. */
  @FunctionalInterface
  interface Request {
    MigrateVm to(String main, long mainBytes, List<SubShare> subs);
  }

  private final Screen screen;
  private final DirectoryOperations directory;
  private final KnownHosts hosts;
  private final PlanWish wish;
  private final Request request;

  AutoMigration(
      Screen screen,
      DirectoryOperations directory,
      KnownHosts hosts,
      PlanWish wish,
      Request request) {
    this.screen = screen;
    this.directory = directory;
    this.hosts = hosts;
    this.wish = wish;
    this.request = request;
  }

  /** Prints the plan and changes nothing. */
  ExitCode dryRun() throws OperationException {
    print(directory.plan(wish));
    return ExitCode.OK;
  }

  ExitCode run() throws OperationException {
    PlanWish next = wish;
    for (int plans = 1; ; plans++) {
      DirectoryPlan plan = directory.plan(next);
      print(plan);
      HostOperations source = hosts.host(plan.source());
      String full;
      try {
        MigrationReport begun = reserved(source, source.migrate(plan.vm(), toRequest(plan)));
        if (begun.failure() != ErrorCode.CAPACITY) {
          return new MigrationWatch(screen, source, begun).watch();
        }
        full = String.valueOf(begun.reason());
      } catch (OperationException e) {
        if (e.code() != ErrorCode.CAPACITY) {
          throw e;
        }
        full = e.getMessage();
      }
      if (plans == PLANS_MAX) {
        throw new OperationException(ErrorCode.CAPACITY, overtaken(plan, full));
      }
      screen.warn(full + "; the memory went to another: planning again with fresh figures");
      next = wish.again();
    }
  }

  private static String overtaken(DirectoryPlan plan, String full) {
    return "VM %s stays on %s: %d plans in a row came too late for their memory, the last because %s. Others are placing VMs too: try again"
        .formatted(plan.vm(), plan.source(), PLANS_MAX, full);
  }

  private MigrateVm toRequest(DirectoryPlan plan) {
    DirectoryPlan.Target main = plan.targets().getFirst();
    return request.to(main.host(), main.bytes(), plan.subShares());
  }

  /** Waits until all hosts have granted their memory, or one has not. */
  private static MigrationReport reserved(HostOperations source, MigrationReport first)
      throws OperationException {
    MigrationReport report = first;
    while (report.state().compareTo(MigrationState.RESERVE) <= 0) {
      try {
        Thread.sleep(POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new OperationException(ErrorCode.FAILED, "interrupted; the migration goes on", e);
      }
      report = source.migration(report.id());
    }
    return report;
  }

  private void print(DirectoryPlan plan) {
    screen.data(plan);
    MigrationText.plan(plan).forEach(screen::line);
  }
}
