package org.smemv.lab.simulator;

import java.util.List;
import java.util.UUID;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.placement.MemoryLedger;

/** Stands for node's Survivors: takes hold again of the VMs that a dead agent left. */
final class Survivors {
  private final Agent agent;

  Survivors(Agent agent) {
    this.agent = agent;
  }

  void takeHold() {
    for (VmRecord record : List.copyOf(agent.machine().records().values())) {
      takeHold(record);
    }
  }

  private void takeHold(VmRecord before) {
    UUID id = before.id();
    if (before.phase() != Phase.INCOMING && before.phase() != Phase.LEFT) {
      grantAgain(before);
    }
    boolean left = before.phase() == Phase.LEFT;
    VmRecord record = left ? before : before.withEpoch(before.epoch() + 1);
    agent.write(record);
    agent.noteTaken(record);
    Qemu qemu = agent.machine().qemus.get(id);
    if (record.leavesRest() && (qemu == null || left)) {
      keepRest(record);
      return;
    }
    if (qemu == null || record.phase() == Phase.INCOMING) {
      agent.machine().qemus.remove(id);
      agent.machine().records().remove(id);
      agent.ledger().release(Agent.mainKey(id));
      return;
    }
    if (record.leavesRest()) {
      agent.left().reopen(record); // its new main host may be waiting for pages
    }
    HostedVm vm = new HostedVm(agent, record, qemu);
    qemu.memory.limitBytes(record.mainMemoryBytes());
    agent.add(vm);
    agent.grantWhatIsHere(vm);
    if (record.phase() == Phase.LEAVING && !record.shares().isEmpty()) {
      settleFirst(vm); // its sub-hosts may be another host's by now
      return;
    }
    vm.startPager();
    if (record.phase() == Phase.LEAVING) {
      settleFirst(vm);
    } else {
      vm.keepWithinLimit();
      goOn(vm);
    }
  }

  /** Without its QEMU the VM cannot come back; if it has left, what it left is needed. */
  private void keepRest(VmRecord record) {
    if (record.phase() == Phase.LEAVING) {
      agent.write(record.left());
    }
    if (!agent.has(Flaw.THE_REST_IS_NOT_OFFERED_AGAIN)) {
      agent.left().stays(agent.machine().records().get(record.id()));
    }
  }

  private void grantAgain(VmRecord record) {
    try {
      agent.ledger().grant(Agent.mainKey(record.id()), record.mainMemoryBytes());
    } catch (MemoryLedger.NotEnough e) {
      throw new Violation(record.name() + " is here and needs more than there is", e);
    }
  }

  private void goOn(HostedVm vm) {
    if (vm.record().phase() == Phase.TAKEN) {
      new FirstRun(agent).begin(vm, vm.record().epoch());
    } else {
      agent.adopt(vm, vm.record().epoch());
      agent.leaveShares(vm);
      new GrantsAfterRestart(agent, vm).begin();
      vm.comeBackSurely();
    }
  }

  private void settleFirst(HostedVm vm) {
    boolean ignored = vm.occupy("waiting to hear whether it left");
    agent.start("settle-" + vm.record().name(), () -> settle(vm));
  }

  private void settle(HostedVm vm) throws HostException {
    if (agent.departures().hasStayed(vm)) {
      if (!agent.has(Flaw.THE_REST_IS_NOT_WITHDRAWN)) {
        agent.left().withdraw(vm.record().id());
      }
      if (vm.pager() == null) {
        vm.startPager();
      }
      vm.keepWithinLimit();
      vm.comeBackSurely();
      vm.vacate();
      agent.adopt(vm, vm.record().epoch());
      agent.leaveShares(vm);
    }
  }
}
