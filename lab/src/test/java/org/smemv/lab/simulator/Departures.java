package org.smemv.lab.simulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.smemv.migration.HostControl;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.migration.Migration;
import org.smemv.migration.MigrationPlan;
import org.smemv.migration.MigrationState;
import org.smemv.node.agent.DeparturePlan;
import org.smemv.node.agent.RearrangementPlan;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.OperationException;

/**
 * Stands for node's Departures: what is asked of the targets beforehand, the real {@link
 * DeparturePlan}, and the real {@link Migration} on a task of its own.
 */
final class Departures {
  private final Agent agent;
  private final List<Migration> migrations = new ArrayList<>();

  Departures(Agent agent) {
    this.agent = agent;
  }

  private final class VirtualClock implements Migration.Clock {
    @Override
    public long nanos() {
      return agent.schedule().nanos();
    }

    @Override
    public void sleep(long millis) {
      agent.schedule().current().sleep(millis * Schedule.MILLI);
    }
  }

  /** Those that are under way. */
  List<Migration> running() {
    migrations.removeIf(migration -> migration.state().isOver());
    return List.copyOf(migrations);
  }

  /** Called by a task; returns when the migration is over. */
  void migrate(HostedVm vm, MigrateVm request) {
    String name = vm.record().name();
    boolean staysHere = request.mainHost().equals(agent.name());
    if (!vm.record().isHere()
        || vm.record().shares().stream().anyMatch(Share::leaving)
        || (!vm.record().shares().isEmpty() && vm.pager() == null)
        || !vm.occupy("being migrated")) {
      return;
    }
    boolean[] free = new boolean[1];
    Runnable vacate =
        () -> {
          if (!free[0]) {
            free[0] = true;
            vm.vacate();
          }
        };
    try {
      MigrationPlan plan = staysHere ? planHere(vm, request) : plan(vm, request);
      vm.change(record -> record.withEpoch(plan.epoch()));
      agent.note("migrates " + describe(plan));
      Migration migration = migration(vm, plan, new Rearrangement(agent, vm, vacate));
      migrations.add(migration);
      if (staysHere) {
        vm.mayBeSplitWith(
            plan.parts().stream().map(Share::host).collect(Collectors.toCollection(TreeSet::new)));
      }
      migration.run();
      if (migration.state() == MigrationState.ABORTED) {
        agent.adopt(vm, vm.record().epoch());
      }
      agent.note(
          name + "/" + plan.epoch() + " ends " + migration.state() + " " + migration.reason());
      agent.world().ended(migration);
    } catch (HostException | OperationException e) {
      agent.note(name + " is not migrated: " + e.getMessage());
    } catch (InterruptedException e) {
      throw new Violation("nobody interrupts", e);
    }
    vm.mayBeSplitWith(Set.of());
    vacate.run();
  }

  private static String describe(MigrationPlan plan) {
    return plan.name()
        + "/"
        + plan.epoch()
        + " to "
        + plan.main()
        + " "
        + (plan.mainBytes() >> 10)
        + "K new "
        + plan.shares()
        + " staying "
        + plan.staying()
        + " leaving "
        + plan.leaving();
  }

  private MigrationPlan plan(HostedVm vm, MigrateVm request)
      throws HostException, OperationException {
    Map<String, HostReport> reports = new LinkedHashMap<>();
    reports.put(request.mainHost(), new RemoteHost(agent, request.mainHost()).describe());
    for (String sub : DeparturePlan.subHosts(vm.record(), request)) {
      reports.put(sub, new RemoteHost(agent, sub).describe());
    }
    return new DeparturePlan(agent.name(), vm.record(), request, reports).make();
  }

  /** A sub-host that the VM has already need not answer. */
  private MigrationPlan planHere(HostedVm vm, MigrateVm request)
      throws HostException, OperationException {
    Map<String, HostReport> reports = new LinkedHashMap<>();
    for (String sub : DeparturePlan.subHosts(vm.record(), request)) {
      try {
        reports.put(sub, new RemoteHost(agent, sub).describe());
      } catch (HostException e) {
        if (!vm.record().isSplitWith(sub)) {
          throw e;
        }
      }
    }
    long free =
        agent.ledger().freeBytes() + agent.ledger().granted(Agent.mainKey(vm.record().id()));
    return new RearrangementPlan(agent.name(), vm.record(), request, reports, free).make();
  }

  private Migration migration(HostedVm vm, MigrationPlan plan, Rearrangement rearrangement) {
    Map<String, HostControl> subs = new LinkedHashMap<>();
    plan.parts().forEach(share -> subs.put(share.host(), new RemoteHost(agent, share.host())));
    return new Migration(
        plan,
        plan.movesBody() ? new RemoteHost(agent, plan.main()) : null,
        subs,
        new LocalBody(agent, vm, plan, rearrangement),
        "",
        new VirtualClock());
  }

  /** After a restart: whether a VM that was leaving is still ours. Called by a task. */
  boolean hasStayed(HostedVm vm) {
    if (agent.has(Flaw.A_RESTARTED_SOURCE_DOES_NOT_ASK)) {
      return true;
    }
    RemoteHost main = new RemoteHost(agent, vm.record().leavingTo());
    UUID id = vm.record().id();
    while (true) {
      try {
        if (!main.decided(id, vm.record().leavingEpoch())) {
          return true;
        }
        letRun(main, vm);
        agent.gone(vm);
        return false;
      } catch (HostException e) {
        agent.schedule().current().sleep(Schedule.SECOND);
      }
    }
  }

  private static void letRun(RemoteHost main, HostedVm vm) throws HostException {
    try {
      main.resume(vm.record().id(), vm.record().leavingEpoch());
    } catch (HostException e) {
      if (e.kind() == HostException.Kind.UNREACHABLE) {
        throw e;
      }
    }
  }
}
