package org.smemv.lab.simulator;

import static org.smemv.lab.simulator.Schedule.MILLI;

import org.smemv.migration.BodySource.Unmoved;
import org.smemv.migration.HostException;
import org.smemv.migration.MigrationPlan;
import org.smemv.node.agent.VmRecord;
import org.smemv.placement.MemoryLedger;

/** Stands for node's Rearrangement: the placement of a VM changes while it stays here. */
final class Rearrangement {
  private final Agent agent;
  private final HostedVm vm;
  private final Runnable committed;

  Rearrangement(Agent agent, HostedVm vm, Runnable committed) {
    this.agent = agent;
    this.vm = vm;
    this.committed = committed;
  }

  long pagesEpoch() {
    GuestPager pager = vm.pager();
    return pager == null ? vm.record().epoch() : pager.epoch();
  }

  void commit(MigrationPlan plan) throws HostException {
    agent.life().check();
    MemoryLedger.Key key = Agent.mainKey(plan.vm());
    long granted = agent.ledger().granted(key);
    long bytes = plan.mainBytes();
    try {
      if (bytes > granted) {
        agent.ledger().grant(key, bytes);
      }
    } catch (MemoryLedger.NotEnough e) {
      throw new HostException(HostException.Kind.CAPACITY, e.getMessage(), e);
    }
    try {
      if (vm.pager() == null && bytes < plan.vmBytes()) {
        agent.schedule().current().sleep(240 * MILLI); // learns what is hot
      }
      vm.rearrange(bytes, plan.parts());
    } catch (HostException e) {
      agent.ledger().reduce(key, bytes, granted);
      throw e;
    }
    agent.leaveShares(vm);
    if (bytes < granted) {
      GrantShrinking.begin(agent, vm, granted, bytes);
    }
    committed.run();
  }

  Unmoved unmoved() {
    if (vm.isClosed() || !vm.record().isHere()) {
      return new Unmoved(0, null);
    }
    VmRecord record = vm.record();
    if (vm.pager() == null) {
      boolean whole = record.shares().isEmpty() && record.isWhole();
      return new Unmoved(whole ? 0 : Math.max(1, vm.toGather()), "it is not served");
    }
    long limit = record.mainMemoryBytes() / Memory.BYTES;
    long above = Math.max(0, vm.memory().resident() - limit) * Memory.SCALE;
    return new Unmoved(above + vm.toGather(), "pages wait");
  }
}
