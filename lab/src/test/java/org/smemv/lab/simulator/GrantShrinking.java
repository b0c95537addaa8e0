package org.smemv.lab.simulator;

/** Stands for node's GrantShrinking: gives memory back once the pages of a VM have left. */
final class GrantShrinking {
  private static final long LOOK = Schedule.SECOND / 2;

  private GrantShrinking() {}

  static void begin(Agent agent, HostedVm vm, long granted, long bytes) {
    agent.start(
        "shrink-" + vm.record().name(),
        () -> {
          while (!vm.isClosed() && vm.record().mainMemoryBytes() == bytes) {
            if (vm.pager() != null && vm.memory().resident() * Memory.BYTES <= bytes) {
              agent.ledger().reduce(Agent.mainKey(vm.record().id()), granted, bytes);
              return;
            }
            agent.schedule().current().sleep(LOOK);
          }
        });
  }
}
