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
    if (before.phase() != Phase.INCOMING) {
      grantAgain(before);
    }
    VmRecord record = before.withEpoch(before.epoch() + 1);
    agent.write(record);
    agent.noteTaken(record);
    Qemu qemu = agent.machine().qemus.get(id);
    if (qemu == null || record.phase() == Phase.INCOMING) {
      agent.machine().qemus.remove(id);
      agent.machine().records().remove(id);
      agent.ledger().release(Agent.mainKey(id));
      return;
    }
    HostedVm vm = new HostedVm(agent, record, qemu);
    qemu.memory.limitBytes(record.mainMemoryBytes());
    agent.add(vm);
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
      agent.leave(vm);
      vm.comeBackSurely();
    }
  }

  private void settleFirst(HostedVm vm) {
    boolean ignored = vm.occupy("waiting to hear whether it left");
    agent.start("settle-" + vm.record().name(), () -> settle(vm));
  }

  private void settle(HostedVm vm) throws HostException {
    if (agent.departures().hasStayed(vm)) {
      if (vm.pager() == null) {
        vm.startPager();
      }
      vm.keepWithinLimit();
      vm.comeBackSurely();
      vm.vacate();
      agent.adopt(vm, vm.record().epoch());
      agent.leave(vm);
    }
  }
}
