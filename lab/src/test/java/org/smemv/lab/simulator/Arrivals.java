package org.smemv.lab.simulator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.smemv.migration.BodySource;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.agent.VmRecord.TakenNote;
import org.smemv.placement.MemoryLedger;

/** Stands for node's Arrivals: VMs that move here, up to the decision. */
final class Arrivals {
  private static final long CONNECTS = 10 * Schedule.SECOND;

  private final Agent agent;
  private final Map<UUID, Arrival> arrivals = new LinkedHashMap<>();

  private static final class Arrival {
    final Reservation reservation;
    long heardNanos;

    Arrival(Reservation reservation, long now) {
      this.reservation = reservation;
      this.heardNanos = now;
    }
  }

  Arrivals(Agent agent) {
    this.agent = agent;
  }

  void reserve(Reservation wanted) throws HostException {
    Arrival before = arrivals.get(wanted.vm());
    if (before != null && before.reservation.equals(wanted)) {
      return;
    }
    if (before != null && before.reservation.epoch() < wanted.epoch()) {
      release(wanted.vm(), before.reservation.epoch());
    }
    if (arrivals.containsKey(wanted.vm())) {
      throw Agent.refused("VM " + wanted.name() + " is arriving there already");
    }
    if (agent.machine().records().containsKey(wanted.vm())) {
      throw Agent.refused("it has a VM named " + wanted.name() + " already");
    }
    try {
      agent.ledger().grant(Agent.mainKey(wanted.vm()), wanted.bytes());
    } catch (MemoryLedger.NotEnough e) {
      throw new HostException(HostException.Kind.CAPACITY, e.getMessage(), e);
    }
    arrivals.put(wanted.vm(), new Arrival(wanted, agent.schedule().nanos()));
  }

  private Arrival arrival(UUID id, long epoch) throws HostException {
    Arrival arrival = arrivals.get(id);
    if (arrival == null || arrival.reservation.epoch() != epoch) {
      throw Agent.refused("VM is not arriving there with epoch " + epoch);
    }
    return arrival;
  }

  void prepare(UUID id, long epoch, List<Share> shares) throws HostException {
    Reservation wanted = arrival(id, epoch).reservation;
    if (agent.vm(id) != null) {
      return;
    }
    VmRecord record =
        new VmRecord(
            wanted.name(),
            id,
            epoch,
            wanted.vmBytes(),
            wanted.bytes(),
            Phase.INCOMING,
            shares,
            null,
            0,
            false,
            wanted.source());
    agent.write(record);
    int pages = (int) (wanted.vmBytes() / Memory.BYTES);
    Qemu qemu = new Qemu(new Memory(pages, wanted.bytes()), Qemu.State.INCOMING);
    agent.machine().qemus.put(id, qemu);
    HostedVm vm = new HostedVm(agent, record, qemu);
    agent.add(vm);
    vm.startPager();
    vm.expectPages();
  }

  void expectRest(UUID id, long epoch, Share rest, Call<Boolean> answer) throws HostException {
    Arrival arrival = arrival(id, epoch);
    HostedVm vm = agent.vm(id);
    if (vm == null) {
      throw Agent.refused("the migration of the VM to there was given up");
    }
    if (!rest.leaving() || !rest.host().equals(arrival.reservation.source())) {
      throw Agent.refused("only its source can keep a part of an arriving VM");
    }
    vm.expectRest(rest);
    awaitSubHosts(vm, agent.schedule().nanos() + CONNECTS, answer);
  }

  private void awaitSubHosts(HostedVm vm, long deadline, Call<Boolean> answer) {
    String missing = vm.missingSubHost();
    if (missing == null) {
      answer.done(true);
    } else if (vm.isClosed() || agent.schedule().nanos() > deadline) {
      answer.fail(Agent.refused("sub-host " + missing));
    } else {
      agent.soon(20 * Schedule.MILLI, () -> awaitSubHosts(vm, deadline, answer));
    }
  }

  /** The device state is here; QEMU reads the VM's memory while it loads it. */
  void body(UUID id, long epoch) throws HostException {
    HostedVm vm = agent.vm(id);
    if (vm == null || vm.record().phase() != Phase.INCOMING || vm.record().epoch() != epoch) {
      throw Agent.refused("VM is not arriving with epoch " + epoch);
    }
    if (vm.missingSubHost() != null) {
      throw Agent.refused("no connection to sub-host " + vm.missingSubHost());
    }
    vm.qemu().state = Qemu.State.LOADED;
  }

  void commit(UUID id, long epoch) throws HostException {
    HostedVm vm = agent.vm(id);
    if (vm != null && vm.record().isHere() && vm.record().epoch() >= epoch) {
      return;
    }
    boolean late = agent.has(Flaw.A_NO_IS_NOT_FINAL);
    if (!late) {
      Arrival ignored = arrival(id, epoch);
    }
    if (vm == null || vm.record().phase() != Phase.INCOMING) {
      throw Agent.refused("the migration of the VM to there was given up");
    }
    checkComplete(vm);
    if (agent.has(Flaw.COMMIT_ANSWERS_BEFORE_IT_IS_DURABLE)) {
      agent.soon(20 * Schedule.MILLI, () -> take(vm));
    } else {
      take(vm);
    }
  }

  private void take(HostedVm vm) throws HostException {
    vm.change(VmRecord::taken);
    agent.note(vm.record().name() + " was taken, epoch " + vm.record().epoch());
    arrivals.remove(vm.record().id());
    agent.noteTaken(vm.record());
    long epoch = vm.record().epoch();
    agent.soon(0, () -> new FirstRun(agent).begin(vm, epoch));
  }

  private static void checkComplete(HostedVm vm) throws HostException {
    if (vm.qemu().state == Qemu.State.INCOMING) {
      throw Agent.refused("its device state has not arrived");
    }
    if (vm.missingSubHost() != null) {
      throw Agent.refused("a part of it may be lost with sub-host " + vm.missingSubHost());
    }
  }

  boolean decided(UUID id, long epoch) {
    if (isTaken(id, epoch)) {
      return true;
    }
    if (!agent.has(Flaw.A_NO_IS_NOT_FINAL)) {
      release(id, epoch); // keeps a later commit from happening
    }
    return isTaken(id, epoch);
  }

  private boolean isTaken(UUID id, long epoch) {
    VmRecord record = agent.machine().records().get(id);
    TakenNote note = agent.machine().notes.get(id);
    return (record != null && record.isTakenIn(epoch)) || (note != null && note.epoch() >= epoch);
  }

  boolean holds(UUID id) {
    return arrivals.containsKey(id) || agent.machine().records().containsKey(id);
  }

  boolean needs(UUID id, String sub) {
    HostedVm vm = agent.vm(id);
    VmRecord record = agent.machine().records().get(id);
    return arrivals.containsKey(id)
        || (vm != null ? vm.needs(sub) : record != null && record.isSplitWith(sub));
  }

  BodySource.Unmoved toGather(UUID id, long epoch) throws HostException {
    HostedVm vm = agent.vm(id);
    if (vm == null || vm.record().epoch() < epoch || vm.record().phase() == Phase.LEAVING) {
      throw Agent.refused("VM is not there with epoch " + epoch);
    }
    return new BodySource.Unmoved(vm.toGather(), null);
  }

  void resume(UUID id, long epoch) throws HostException {
    HostedVm vm = agent.vm(id);
    if (vm == null || vm.record().epoch() < epoch || !vm.record().isHere()) {
      throw Agent.refused("VM was not taken there with epoch " + epoch);
    }
    if (!vm.run()) {
      throw Agent.refused("its QEMU does not run");
    }
    agent.soon(0, () -> new FirstRun(agent).followed(vm, epoch));
  }

  void release(UUID id, long epoch) {
    Arrival arrival = arrivals.get(id);
    if (arrival == null || arrival.reservation.epoch() > epoch) {
      return;
    }
    arrivals.remove(id);
    HostedVm vm = agent.vm(id);
    if (vm != null && vm.record().phase() == Phase.INCOMING) {
      vm.endArrival();
      agent.disconnect(id);
      agent.destroy(vm);
    }
    agent.ledger().release(Agent.mainKey(id));
  }

  void lapse() {
    for (Arrival arrival : List.copyOf(arrivals.values())) {
      long now = agent.schedule().nanos();
      if (agent.isArriving(arrival.reservation.vm())) {
        arrival.heardNanos = now;
      }
      boolean silent = now - arrival.heardNanos > Housekeeping.LAPSE.toNanos();
      if (silent && !agent.has(Flaw.RESERVATIONS_NEVER_LAPSE)) {
        agent.note(arrival.reservation.name() + " lapses");
        release(arrival.reservation.vm(), arrival.reservation.epoch());
      }
    }
  }
}
