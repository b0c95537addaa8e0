package org.smemv.lab.simulator;

import java.util.Set;
import java.util.TreeSet;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;

/** Stands for node's GrantsAfterRestart: sub-hosts grant what the record says. */
final class GrantsAfterRestart {
  private final Agent agent;
  private final HostedVm vm;
  private final Set<String> told = new TreeSet<>();

  GrantsAfterRestart(Agent agent, HostedVm vm) {
    this.agent = agent;
    this.vm = vm;
  }

  void begin() {
    if (vm.record().shares().stream().anyMatch(share -> !share.leaving())) {
      agent.start("grants-" + vm.record().name(), this::run);
    }
  }

  private void run() {
    do {
      agent.schedule().current().sleep(Schedule.SECOND);
    } while (!areAsRecorded());
  }

  private boolean areAsRecorded() {
    if (vm.isClosed() || !vm.record().isHere()) {
      return true;
    }
    boolean all = true;
    for (Share share : vm.record().shares()) {
      all &= share.leaving() || told.contains(share.host()) || (isThere(share) && tell(share));
    }
    return all;
  }

  private boolean isThere(Share share) {
    GuestPager.SubHost sub = vm.pager() == null ? null : vm.pager().subs().get(share.index());
    return sub != null && sub.stores();
  }

  private boolean tell(Share listed) {
    if (!vm.occupy("having its shares set")) {
      return false;
    }
    try {
      for (Share share : vm.record().shares()) { // anew, now that nobody changes it
        if (share.host().equals(listed.host()) && !share.leaving()) {
          new RemoteHost(agent, share.host())
              .resize(vm.record().id(), vm.record().epoch(), share.bytes());
        }
      }
    } catch (HostException e) {
      if (e.kind() == HostException.Kind.UNREACHABLE) {
        return false;
      }
    } finally {
      vm.vacate();
    }
    return told.add(listed.host());
  }
}
