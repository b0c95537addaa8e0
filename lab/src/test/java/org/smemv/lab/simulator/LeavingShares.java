package org.smemv.lab.simulator;

import java.util.List;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;

/** Stands for node's LeavingShares: a sub-host without pages of the VM is let go. */
final class LeavingShares {
  private final Agent agent;
  private final HostedVm vm;

  LeavingShares(Agent agent, HostedVm vm) {
    this.agent = agent;
    this.vm = vm;
  }

  void run() {
    do {
      agent.schedule().current().sleep(Schedule.SECOND);
    } while (!allGone());
  }

  static List<Share> leaving(HostedVm vm) {
    return vm.record().shares().stream().filter(Share::leaving).toList();
  }

  private boolean allGone() {
    for (Share share : leaving(vm)) {
      GuestPager pager = vm.pager();
      if (!vm.isClosed() && pager != null && pager.isDrained(share.index())) {
        letGo(share);
      }
    }
    return vm.isClosed() || leaving(vm).isEmpty();
  }

  private void letGo(Share share) {
    try {
      vm.forgetSubHost(share);
      if (vm.record().hasShareOf(share)) {
        return; // the VM is about to leave
      }
      new RemoteHost(agent, share.host()).release(vm.record().id(), vm.record().epoch());
    } catch (HostException e) {
      agent.note(share.host() + " will find out by itself: " + e.getMessage());
    }
  }
}
