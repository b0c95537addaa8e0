package org.smemv.lab.simulator;

import static org.smemv.lab.simulator.Schedule.MILLI;
import static org.smemv.lab.simulator.Schedule.SECOND;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.smemv.migration.Migration;
import org.smemv.migration.MigrationState;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.placement.MemoryLedger;

/** Hosts, VMs and what is between them, made by a seed and run to its end. */
final class World implements AutoCloseable {
  private static final long CALM_LOOK = 20 * SECOND;
  private static final long CALM_MOST = 1200 * SECOND;
  private static final long PATIENCE = 600 * SECOND;
  private static final int PAGES_MOST = 64;
  private static final long STEPS_MOST = 5_000_000;

  private final Schedule schedule;
  private final Hazards hazards;
  private final Network network;
  private final Flaw flaw;
  private final Trace trace;
  private final Directory directory = new Directory();
  private final Map<UUID, Guest> guests = new LinkedHashMap<>();
  private final Checker checker;
  private final Tally tally = new Tally();
  private long steps;

  /** What happened in a run, to see that something did. */
  static final class Tally {
    int migrations;
    int done;
    int crashes;
    int cuts;
    long writes;

    /** Any thread. */
    synchronized void add(Tally other) {
      migrations += other.migrations;
      done += other.done;
      crashes += other.crashes;
      cuts += other.cuts;
      writes += other.writes;
    }

    @Override
    public String toString() {
      return "%d migrations, %d of them done, %d agents killed, %d links cut, %d writes"
          .formatted(migrations, done, crashes, cuts, writes);
    }
  }

  /**
   * @param flaw a deliberate bug; null for none
   */
  World(long seed, Flaw flaw, Trace trace) {
    this.schedule = new Schedule(seed, trace);
    this.trace = trace;
    this.flaw = flaw;
    this.hazards = new Hazards(schedule);
    this.network = new Network(schedule, hazards);
    this.checker = new Checker(this);
    int hosts = 3 + schedule.random().nextInt(5);
    for (int i = 1; i <= hosts; i++) {
      long least = i == 1 ? PAGES_MOST : 24; // at least one VM has a place
      network.add(new Machine("h" + i, schedule.between(least, 140) * Memory.BYTES));
    }
    for (Machine machine : network.machines().values()) {
      new Agent(this, machine).begin();
    }
    int vms = 1 + schedule.random().nextInt(3);
    for (int i = 1; i <= vms; i++) {
      startVm(i);
    }
  }

  private void startVm(int number) {
    int pages = (int) schedule.between(24, PAGES_MOST);
    Guest guest = new Guest(schedule, new UUID(0, number), "vm" + number, pages);
    List<Machine> machines = new ArrayList<>(network.machines().values());
    int first = schedule.random().nextInt(machines.size());
    for (int i = 0; i < machines.size(); i++) {
      Machine machine = machines.get((first + i) % machines.size());
      if (startedOn(machine, guest)) {
        return;
      }
    }
  }

  private boolean startedOn(Machine machine, Guest guest) {
    Agent agent = machine.agent();
    long bytes = guest.pages() * Memory.BYTES;
    VmRecord record =
        new VmRecord(
            guest.name(), guest.id(), 1, bytes, bytes, Phase.HERE, List.of(), null, 0, false, null);
    try {
      agent.ledger().grant(Agent.mainKey(guest.id()), bytes);
    } catch (MemoryLedger.NotEnough e) {
      return false;
    }
    guests.put(guest.id(), guest);
    Qemu qemu = new Qemu(new Memory(guest.pages(), bytes), Qemu.State.RUNNING);
    machine.qemus.put(guest.id(), qemu);
    machine.records().put(guest.id(), record);
    checker.started(machine, record);
    agent.add(new HostedVm(agent, record, qemu));
    schedule.note(machine.name() + ": " + guest.name() + " starts with " + guest.pages());
    schedule.after(0, () -> tick(guest));
    return true;
  }

  private void tick(Guest guest) {
    boolean busy = false;
    for (Machine machine : network.machines().values()) {
      Qemu qemu = machine.qemus.get(guest.id());
      if (qemu != null && qemu.state == Qemu.State.RUNNING) {
        guest.run(machine, qemu);
      }
      busy |= qemu != null && isBusy(machine, guest);
    }
    long most = hazards.areOver() ? SECOND : SECOND / 4;
    long pause =
        busy ? schedule.between(10 * MILLI, 40 * MILLI) : schedule.between(SECOND / 20, most);
    schedule.after(pause, () -> tick(guest));
  }

  private static boolean isBusy(Machine machine, Guest guest) {
    HostedVm vm = machine.agent() == null ? null : machine.agent().vm(guest.id());
    return vm != null && qemuRuns(machine, guest) && "being migrated".equals(vm.occupied());
  }

  private static boolean qemuRuns(Machine machine, Guest guest) {
    return machine.qemus.get(guest.id()).state == Qemu.State.RUNNING;
  }

  /**
   * Lets trouble happen for a while, then none, until all has come to rest.
   *
   * @throws Violation when something is not as it must be
   */
  void run() {
    long trouble = schedule.between(60 * SECOND, 300 * SECOND);
    new Trouble(this).begin();
    new Operator(this).begin();
    until(trouble);
    schedule.note("trouble ends");
    hazards.end();
    network.mendAll();
    network.machines().values().forEach(machine -> machine.draining = false);
    FinalCheck last = new FinalCheck(this);
    List<String> open;
    do {
      until(schedule.nanos() + CALM_LOOK);
      open = last.open();
      if (schedule.nanos() > trouble + PATIENCE) {
        forceAll();
      }
      if (!open.isEmpty() && schedule.nanos() > trouble + CALM_MOST) {
        throw new Violation("it does not come to rest: " + String.join("; ", open));
      }
    } while (!open.isEmpty());
    schedule.note("all is at rest");
    guests.values().forEach(guest -> tally.writes += guest.writes());
  }

  /** A merge of a VM that swaps all the time need not come to an end by itself. */
  private void forceAll() {
    for (Machine machine : network.machines().values()) {
      if (machine.agent() != null) {
        machine.agent().departures().running().forEach(Migration::force);
      }
    }
  }

  private void until(long nanos) {
    while (schedule.nanos() < nanos && schedule.step()) {
      checker.check();
      if (++steps > STEPS_MOST) {
        throw new Violation("it goes on and on");
      }
    }
  }

  /** An agent process ends; a new one is started later. */
  void crash(Machine machine) {
    Agent agent = machine.agent();
    schedule.note(machine.name() + ": the agent is killed");
    tally.crashes++;
    end(machine, agent);
    long pause = hazards.outage();
    schedule.after(pause, () -> restart(machine));
  }

  private void end(Machine machine, Agent agent) {
    agent.shares().rows().forEach(row -> checker.lostShare(row.vm(), machine));
    agent.life().end();
    machine.agent(null);
    agent.connectionsBreak();
    schedule.unwind(agent.life());
  }

  private void restart(Machine machine) {
    if (machine.isLost() || machine.agent() != null) {
      return;
    }
    schedule.note(machine.name() + ": an agent starts");
    try {
      new Agent(this, machine).begin();
    } catch (Life.AgentDied e) {
      // and another one will be
    }
  }

  /** A host is down for good. */
  void lose(Machine machine) {
    schedule.note(machine.name() + ": the host is lost for good");
    Agent agent = machine.agent();
    if (agent != null) {
      end(machine, agent);
    }
    checker.lostHost(machine);
    machine.lose();
  }

  /** Whether an agent may be killed in this run. */
  boolean isMortal(Agent agent) {
    return hazards.subHostsCrash || agent.shares().rows().isEmpty();
  }

  boolean diesAtWrite(Agent agent) {
    return isMortal(agent) && hazards.oneIn(hazards.crashAtWriteOneIn);
  }

  void ended(Migration migration) {
    tally.migrations++;
    tally.done += migration.state() == MigrationState.DONE ? 1 : 0;
  }

  void cut(String a, String b, long nanos) {
    tally.cuts++;
    network.cut(a, b);
    schedule.after(nanos, () -> network.mend(a, b));
  }

  Schedule schedule() {
    return schedule;
  }

  Network network() {
    return network;
  }

  Hazards hazards() {
    return hazards;
  }

  Directory directory() {
    return directory;
  }

  Checker checker() {
    return checker;
  }

  Flaw flaw() {
    return flaw;
  }

  Tally tally() {
    return tally;
  }

  Trace trace() {
    return trace;
  }

  Map<UUID, Guest> guests() {
    return guests;
  }

  Guest guest(UUID id) {
    return guests.get(id);
  }

  @Override
  public void close() {
    schedule.close();
  }
}
