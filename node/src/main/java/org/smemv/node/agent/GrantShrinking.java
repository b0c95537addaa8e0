package org.smemv.node.agent;

import org.smemv.paging.GuestPager;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;

/** Gives memory back to this host once the pages of a VM that is to have less of it have left. */
final class GrantShrinking {
  private static final long LOOK_MILLIS = 100;

  private GrantShrinking() {}

  /**
   * Waits for it on a thread of its own, unless the VM is to have more again.
   *
   * @param granted what the ledger grants it now
   * @param bytes what it is to have
   */
  static void begin(MemoryLedger ledger, HostedVm vm, long granted, long bytes) {
    Thread.ofVirtual()
        .name("shrink-" + vm.record().name())
        .start(() -> await(ledger, vm, granted, bytes));
  }

  private static void await(MemoryLedger ledger, HostedVm vm, long granted, long bytes) {
    try {
      while (!vm.isClosed() && vm.record().mainMemoryBytes() == bytes) {
        // The pager may be made anew meanwhile.
        GuestPager pager = vm.pager();
        if (pager != null && pager.budget().resident() << PageSize.SHIFT <= bytes) {
          ledger.reduce(LocalVms.key(vm.record()), granted, bytes);
          return;
        }
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
