package org.smemv.lab.simulator;

import org.smemv.migration.HostException;

/** Stands for node's FirstRun: a VM that was taken runs, also if nobody ever asks for it. */
final class FirstRun {
  private final Agent agent;

  FirstRun(Agent agent) {
    this.agent = agent;
  }

  void begin(HostedVm vm, long epoch) {
    if (!vm.isClosed() && vm.run()) {
      followed(vm, epoch);
    }
  }

  void followed(HostedVm vm, long epoch) {
    if (vm.isClosed()) {
      return;
    }
    vm.keepWithinLimit();
    agent.adopt(vm, epoch);
    agent.leaveShares(vm);
    try {
      vm.hasRun();
    } catch (HostException e) {
      agent.note(e.getMessage());
    }
  }
}
