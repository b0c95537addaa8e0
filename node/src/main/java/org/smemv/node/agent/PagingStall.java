package org.smemv.node.agent;

import org.jspecify.annotations.Nullable;
import org.smemv.paging.GuestPager;
import org.smemv.paging.SubHost;
import org.smemv.placement.PageSize;

/** Why pages of a VM do not come, or do not leave, for those who can do something about it. */
final class PagingStall {
  private PagingStall() {}

  /** The first thing that somebody should see to; null when there is none. */
  static @Nullable String of(GuestPager pager) {
    for (SubHost sub : pager.subHosts().all()) {
      String held = (sub.usedPages() << PageSize.SHIFT >> 20) + " MiB of the VM";
      String name = sub.identity().name();
      if (sub.state() == SubHost.State.FORGOTTEN && sub.usedPages() > 0) {
        return "sub-host %s was restarted and has lost %s (%d pages), which nobody else has"
            .formatted(name, held, sub.usedPages());
      }
      if (sub.state() != SubHost.State.CONNECTED && sub.usedPages() > 0) {
        return "sub-host " + name + " with " + held + " cannot be reached: " + sub.reason();
      }
      String why = pager.stall(sub.identity().index());
      if (why != null) {
        return "sub-host " + name + ": " + why;
      }
    }
    boolean full = pager.lacksRoom() && pager.waitingFaults() > 0;
    return full ? "no sub-host has room for what must leave this host" : null;
  }
}
