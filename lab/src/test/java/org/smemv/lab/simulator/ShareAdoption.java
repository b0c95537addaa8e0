package org.smemv.lab.simulator;

import java.util.Set;
import java.util.TreeSet;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;

/** Stands for node's ShareAdoption: sub-hosts learn who their main host is now. */
final class ShareAdoption {
  private final Agent agent;
  private final HostedVm vm;
  private final long epoch;
  private final Set<String> told = new TreeSet<>();

  ShareAdoption(Agent agent, HostedVm vm, long epoch) {
    this.agent = agent;
    this.vm = vm;
    this.epoch = epoch;
  }

  void run() {
    do {
      agent.schedule().current().sleep(Schedule.SECOND);
    } while (!isDone());
  }

  private boolean isDone() {
    boolean all = true;
    for (Share share : vm.record().shares()) {
      if (!vm.isClosed() && !told.contains(share.host())) {
        all &= tell(share.host());
      }
    }
    return all;
  }

  private boolean tell(String name) {
    try {
      new RemoteHost(agent, name).adopt(vm.record().id(), epoch, agent.name());
    } catch (HostException e) {
      if (e.kind() == HostException.Kind.UNREACHABLE) {
        return false;
      }
    }
    return told.add(name);
  }
}
