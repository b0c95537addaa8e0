package org.smemv.node.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.api.SetDraining;
import org.smemv.node.api.SubShare;
import org.smemv.node.directory.PlanQuestion;

/** Moves VMs away from a host that is emptied, each by a migration. Many threads. */
final class DrainedVms implements HostDrain.Mover {
  private static final int PLANS_MAX = 3;
  private static final long LOOK_MILLIS = 100;

  private final LocalVms local;
  private final Places places;

  /** So that two plans of this host never count on the same memory. */
  private final ReentrantLock planning = new ReentrantLock();

  /** Where moves go that are under way, by thing. */
  private final Map<String, List<String>> busyTargets = new ConcurrentHashMap<>();

  DrainedVms(LocalVms local, Places places) {
    this.local = local;
    this.places = places;
  }

  @Override
  public void move(DrainThing thing, SetDraining how, DrainMove move)
      throws OperationException, InterruptedException {
    for (int plans = 1; ; plans++) {
      try {
        await(begin(thing, how, move), move);
        return;
      } catch (OperationException e) {
        if (e.code() != ErrorCode.CAPACITY || plans == PLANS_MAX || move.isCancelled()) {
          throw e;
        }
        move.trouble(e.getMessage() + "; the memory went to another: planning again");
      } finally {
        busyTargets.remove(thing.key());
      }
    }
  }

  /** Returns when all hosts have granted their memory, so that the next plan knows of that. */
  private MigrationJob begin(DrainThing thing, SetDraining how, DrainMove move)
      throws OperationException, InterruptedException {
    planning.lockInterruptibly();
    try {
      HostedVm vm = local.find(thing.name()).vm();
      MigrateVm request =
          how.fast()
              ? fastRequest(vm.record(), move.linkPart())
              : request(vm.record(), List.of(), 0);
      if (move.isCancelled()) {
        throw new OperationException(ErrorCode.FAILED, "cancelled");
      }
      List<String> to = hosts(vm.record(), request);
      move.goesTo(to);
      MigrationJob job = local.departures().start(vm, inMode(request, how));
      busyTargets.put(thing.key(), to);
      move.by(job.id());
      move.trouble(null);
      awaitReserved(job, move);
      return job;
    } finally {
      planning.unlock();
    }
  }

  /** The hosts that pages are sent to. */
  private static List<String> hosts(VmRecord record, MigrateVm request) {
    List<String> hosts = new ArrayList<>(List.of(request.mainHost()));
    for (SubShare sub : Objects.requireNonNull(request.subs())) {
      if (!record.isSplitWith(sub.host())) {
        hosts.add(sub.host());
      }
    }
    return hosts;
  }

  /**
   * The link of a host that takes two VMs would be what they wait for, so each goes to others if
   * there are enough.
   */
  private MigrateVm fastRequest(VmRecord record, double linkPart) throws OperationException {
    List<String> busy = busyTargets.values().stream().flatMap(List::stream).distinct().toList();
    try {
      return request(record, busy, linkPart);
    } catch (OperationException e) {
      if (e.code() != ErrorCode.CAPACITY && e.code() != ErrorCode.UNSUITABLE) {
        throw e;
      }
      return request(record, List.of(), linkPart);
    }
  }

  private MigrateVm request(VmRecord record, List<String> exclude, double linkPart)
      throws OperationException {
    PlanWish wish = new PlanWish(record.name(), null, exclude, null, 0, 0, true, linkPart);
    DirectoryPlan plan = places.find(new PlanQuestion.OfVm(wish));
    DirectoryPlan.Target main = plan.targets().getFirst();
    return request(main.host(), main.bytes(), plan.subShares());
  }

  private static MigrateVm request(String main, long mainBytes, List<SubShare> subs) {
    return new MigrateVm(main, mainBytes, subs, null, 0, 0, 0, null, false);
  }

  private static MigrateVm inMode(MigrateVm request, SetDraining how) {
    return new MigrateVm(
        request.mainHost(),
        request.mainMemoryBytes(),
        request.subs(),
        how.modeOrDefault(),
        0,
        0,
        0,
        null,
        false);
  }

  private static void awaitReserved(MigrationJob job, DrainMove move)
      throws OperationException, InterruptedException {
    while (job.migration().state().compareTo(MigrationState.RESERVE) <= 0) {
      cancelIfAsked(job, move);
      Thread.sleep(LOOK_MILLIS);
    }
  }

  /** After the commit it cannot be cancelled: then it comes to its end. */
  private static void cancelIfAsked(MigrationJob job, DrainMove move) {
    if (move.isCancelled()) {
      try {
        job.cancel();
      } catch (OperationException e) {
        move.trouble(e.getMessage());
      }
    }
  }

  private static void await(MigrationJob job, DrainMove move)
      throws OperationException, InterruptedException {
    while (!job.isOver()) {
      cancelIfAsked(job, move);
      MigrationReport report = job.report();
      move.trouble(trouble(report));
      Thread.sleep(LOOK_MILLIS);
    }
    MigrationReport report = job.report();
    if (report.state() == MigrationState.ABORTED) {
      ErrorCode code = report.failure();
      throw new OperationException(
          code == null ? ErrorCode.FAILED : code, String.valueOf(report.reason()));
    }
  }

  private static @Nullable String trouble(MigrationReport report) {
    if (report.reason() != null) {
      return report.reason();
    }
    boolean hopeless = report.state() == MigrationState.COPY && !report.converging();
    return hopeless
        ? "it writes faster than its pages can be sent: 'smemv vm postcopy "
            + report.vm()
            + "' lets the rest follow"
        : null;
  }
}
