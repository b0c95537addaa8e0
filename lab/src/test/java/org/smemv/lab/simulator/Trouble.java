package org.smemv.lab.simulator;

import static org.smemv.lab.simulator.Schedule.SECOND;

import java.util.List;

/** What goes wrong besides single messages: agents are killed, links cut, a host is lost. */
final class Trouble {
  private final World world;
  private final Schedule schedule;
  private final Hazards hazards;

  Trouble(World world) {
    this.world = world;
    this.schedule = world.schedule();
    this.hazards = world.hazards();
  }

  void begin() {
    if (hazards.losesHost) {
      schedule.after(schedule.between(10 * SECOND, 200 * SECOND), this::loseHost);
    }
    schedule.after(0, this::next);
  }

  private void next() {
    if (hazards.areOver()) {
      return;
    }
    Machine machine = schedule.oneIn(2) ? any() : busy();
    if (hazards.oneIn(hazards.crashesOneIn)
        && machine.agent() != null
        && world.isMortal(machine.agent())) {
      world.crash(machine);
    }
    if (hazards.oneIn(hazards.cutsOneIn)) {
      String other = any().name();
      if (!other.equals(machine.name())) {
        world.cut(machine.name(), other, hazards.outage());
      }
    }
    schedule.after(schedule.between(SECOND / 2, hazards.quietMost), this::next);
  }

  private void loseHost() {
    Machine machine = any();
    if (!hazards.areOver()) {
      world.lose(machine);
    }
  }

  /** A host in the midst of a migration, if there is one: there most can go wrong. */
  private Machine busy() {
    List<Machine> busy =
        world.network().machines().values().stream()
            .filter(machine -> machine.agent() != null)
            .filter(machine -> !machine.agent().departures().running().isEmpty())
            .toList();
    return busy.isEmpty() ? any() : busy.get(schedule.random().nextInt(busy.size()));
  }

  private Machine any() {
    List<Machine> machines = List.copyOf(world.network().machines().values());
    return machines.get(schedule.random().nextInt(machines.size()));
  }
}
