package org.smemv.lab.simulator;

import static org.smemv.lab.simulator.Schedule.SECOND;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.Migration;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import org.smemv.placement.PlacementPlan;

/** Somebody who moves VMs about, without asking whether it is wise. */
final class Operator {
  private final World world;
  private final Schedule schedule;

  /** An order that failed is often given again. */
  private final Map<UUID, MigrateVm> lastRequests = new TreeMap<>();

  /** The most time from one order to the next. */
  private final long pace;

  Operator(World world) {
    this.world = world;
    this.schedule = world.schedule();
    this.pace = any(List.of(2, 5, 15)) * SECOND;
  }

  void begin() {
    schedule.after(schedule.between(0, 10 * SECOND), this::next);
  }

  private void next() {
    if (world.hazards().areOver()) {
      return;
    }
    Guest guest = any(List.copyOf(world.guests().values()));
    Machine machine = world.checker().owner(guest.id());
    HostedVm vm = machine.agent() == null ? null : machine.agent().vm(guest.id());
    switch (schedule.random().nextInt(24)) {
      case 0, 1, 2 -> migrations(machine).forEach(Migration::cancel);
      case 3 -> migrations(machine).forEach(Migration::force);
      case 20 -> migrations(machine).forEach(Migration::postCopy);
      case 21, 22, 23 -> move(machine, vm, placedAnew(machine, vm));
      case 4 -> drain(any(List.copyOf(world.network().machines().values())));
      case 5 -> world.directory().restart();
      case 6, 7, 8 -> move(machine, vm, byPlan(machine, vm));
      default -> move(machine, vm, byHand(machine, vm));
    }
    schedule.after(schedule.between(SECOND / 5, pace), this::next);
  }

  private <T> T any(List<T> among) {
    return among.get(schedule.random().nextInt(among.size()));
  }

  private List<Migration> migrations(Machine machine) {
    if (machine.agent() == null) {
      return List.of();
    }
    List<Migration> running = machine.agent().departures().running();
    running.forEach(m -> schedule.note("cancel or force of " + m.plan().name()));
    return running;
  }

  private void drain(Machine machine) {
    machine.draining = true;
    schedule.note(machine.name() + " drains");
    empty(machine);
    schedule.after(
        schedule.between(SECOND, 20 * SECOND),
        () -> {
          machine.draining = false;
          schedule.note(machine.name() + " drains no more");
        });
  }

  /** As a host does that is drained: its VMs move, and main hosts have it give up their shares. */
  private void empty(Machine machine) {
    if (!machine.draining || world.hazards().areOver()) {
      return;
    }
    for (Guest guest : world.guests().values()) {
      Machine owner = world.checker().owner(guest.id());
      HostedVm vm = owner.agent() == null ? null : owner.agent().vm(guest.id());
      if (vm != null && owner == machine) {
        move(owner, vm, byPlan(owner, vm));
      } else if (vm != null && vm.record().isSplitWith(machine.name())) {
        move(owner, vm, without(owner, vm, machine.name()));
      }
    }
    schedule.after(schedule.between(SECOND, 4 * SECOND), () -> empty(machine));
  }

  /** Its other sub-hosts, and one more, take what a sub-host has. */
  private MigrateVm without(Machine machine, HostedVm vm, String sub) {
    List<String> hosts = new ArrayList<>(world.network().machines().keySet());
    hosts.removeAll(List.of(machine.name(), sub));
    List<SubShare> subs = new ArrayList<>();
    for (Share share : vm.record().shares()) {
      if (hosts.remove(share.host())) {
        subs.add(new SubShare(share.host(), 0));
      }
    }
    if (!hosts.isEmpty() && (subs.isEmpty() || schedule.oneIn(2))) {
      subs.add(new SubShare(any(hosts), 0));
    }
    return here(machine, vm.record().mainMemoryBytes(), subs);
  }

  private void move(Machine machine, HostedVm vm, MigrateVm wanted) {
    MigrateVm last = vm == null ? null : lastRequests.get(vm.record().id());
    MigrateVm request = last != null && schedule.oneIn(3) ? last : wanted;
    if (request != null && vm != null) {
      lastRequests.put(vm.record().id(), request);
    }
    if (request != null && vm != null) {
      machine
          .agent()
          .start(
              "migration-" + vm.record().name(),
              () -> machine.agent().departures().migrate(vm, request));
    }
  }

  private MigrateVm request(String main, long mainBytes, List<SubShare> subs) {
    long timeout = any(List.of(0L, 0L, 5L, 30L));
    TimeoutAction action = any(List.of(TimeoutAction.values()));
    MigrationMode mode =
        schedule.oneIn(2) ? MigrationMode.PRECOPY : any(List.of(MigrationMode.values()));
    return new MigrateVm(main, mainBytes, subs, mode, 0, 0, timeout, action, false);
  }

  private MigrateVm byPlan(Machine machine, HostedVm vm) {
    if (vm == null || vm.record().isSplitWith(machine.name())) {
      return null; // what it was a sub-host with is on its way out
    }
    PlacementPlan plan =
        world
            .directory()
            .plan(
                vm.record(),
                vm.memory(),
                machine.name(),
                schedule.random().nextInt(3) / 2,
                schedule.nanos());
    if (plan == null) {
      return null;
    }
    List<SubShare> subs = new ArrayList<>();
    for (PlacementPlan.Choice sub : plan.subs()) {
      subs.add(new SubShare(sub.host(), sub.keptBytes() > 0 ? 0 : sub.grantBytes()));
    }
    return request(plan.main().host(), plan.main().grantBytes(), subs);
  }

  /** A change without the body: spill, another sub-host, or all of it here again. */
  private MigrateVm placedAnew(Machine machine, HostedVm vm) {
    if (vm == null) {
      return null;
    }
    VmRecord record = vm.record();
    if (schedule.oneIn(4)) {
      return here(machine, record.memoryBytes(), List.of());
    }
    List<String> hosts = new ArrayList<>(world.network().machines().keySet());
    hosts.remove(machine.name());
    List<SubShare> subs = new ArrayList<>();
    for (Share share : record.shares()) {
      if (schedule.oneIn(2) && hosts.remove(share.host())) {
        subs.add(new SubShare(share.host(), 0));
      }
    }
    for (int more = schedule.random().nextInt(3); more > 0 && !hosts.isEmpty(); more--) {
      String sub = any(hosts);
      hosts.remove(sub);
      subs.add(new SubShare(sub, 0));
    }
    long pages = record.memoryBytes() / Memory.BYTES;
    return here(machine, schedule.between(16, pages + 1) * Memory.BYTES, subs);
  }

  private static MigrateVm here(Machine machine, long mainBytes, List<SubShare> subs) {
    return new MigrateVm(
        machine.name(),
        mainBytes,
        subs,
        MigrationMode.PRECOPY,
        0,
        0,
        0,
        TimeoutAction.ABORT,
        false);
  }

  private MigrateVm byHand(Machine machine, HostedVm vm) {
    if (vm == null) {
      return null;
    }
    VmRecord record = vm.record();
    List<String> hosts = new ArrayList<>(world.network().machines().keySet());
    hosts.remove(machine.name());
    String main = any(hosts);
    hosts.remove(main);
    int pages = (int) (record.memoryBytes() / Memory.BYTES);
    List<SubShare> subs = new ArrayList<>();
    for (Share share : record.shares()) {
      if (schedule.random().nextInt(4) > 0 && hosts.remove(share.host())) {
        subs.add(new SubShare(share.host(), 0));
      }
    }
    for (int more = schedule.random().nextInt(3); more > 0 && !hosts.isEmpty(); more--) {
      String sub = any(hosts);
      hosts.remove(sub);
      subs.add(new SubShare(sub, 0));
    }
    Agent target = world.network().machine(main).agent();
    long free = target == null ? 0 : target.ledger().freeBytes() / Memory.BYTES;
    if (subs.isEmpty() || (free >= pages && schedule.oneIn(4))) {
      return request(main, record.memoryBytes(), List.of());
    }
    long most = Math.max(17, Math.min(free + 1, pages));
    return request(main, schedule.between(16, most) * Memory.BYTES, subs);
  }
}
