package org.smemv.node.agent;

import java.time.Duration;
import org.smemv.paging.GuestPager;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;

/** Gives memory back to this host once the pages of a VM that is to have less of it have left. */
final class GrantShrinking {
  private static final Duration LOOK = Duration.ofMillis(100);

  private GrantShrinking() {}

  /**
   * Waits for it on a thread of its own, unless the VM is to have more again.
   *
   * @param granted what the ledger grants it now
   * @param bytes what it is to have
   */
  static void begin(MemoryLedger ledger, HostedVm vm, long granted, long bytes) {
    EachSecond.until(
        "shrink-" + vm.record().name(), LOOK, () -> isOver(ledger, vm, granted, bytes));
  }

  private static boolean isOver(MemoryLedger ledger, HostedVm vm, long granted, long bytes) {
    synchronized (vm) { // whoever gives it more again looks at the grant and changes the record
      if (vm.isClosed() || vm.record().mainMemoryBytes() != bytes) {
        return true;
      }
      GuestPager pager = vm.pager(); // it may be made anew meanwhile
      boolean left = pager != null && pager.budget().resident() << PageSize.SHIFT <= bytes;
      if (left) {
        ledger.reduce(LocalVms.key(vm.record()), granted, bytes);
      }
      return left;
    }
  }
}
