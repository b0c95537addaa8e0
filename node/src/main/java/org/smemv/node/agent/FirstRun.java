package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first moments of a VM that this host has taken. It need not stand while the source hears of
 * it and asks for it to run, and it runs also if nobody ever asks.
 */
final class FirstRun {
  private static final Logger log = LoggerFactory.getLogger(FirstRun.class);

  private final String host;
  private final Function<String, InetSocketAddress> addressOf;

  FirstRun(String host, Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.addressOf = addressOf;
  }

  /**
   * Lets the VM run soon and, while that fails and QEMU lives, again each second; returns at once.
   *
   * @param epoch in which it came here
   */
  void begin(HostedVm vm, long epoch) {
    EachSecond.fromNow("run-" + vm.record().name(), () -> ran(vm, epoch));
  }

  /** True also when there is nothing left to let run. */
  private boolean ran(HostedVm vm, long epoch) {
    if (vm.isClosed() || !vm.body().process().isAlive()) {
      return true;
    }
    try {
      vm.runFirst();
    } catch (IOException e) {
      log.warn("VM {} does not run yet: {}", vm.record().name(), e.getMessage());
      return false;
    }
    log.info("VM {}: runs here", vm.record().name());
    followed(vm, epoch);
    return true;
  }

  /** What follows once the VM runs; may be repeated, also when it is about to move on. */
  void followed(HostedVm vm, long epoch) {
    vm.keepWithinLimit();
    ShareAdoption.begin(vm, epoch, host, addressOf);
    LeavingShares.begin(vm, host, addressOf);
    try {
      vm.hasRun();
      // Switches learn where the VM's address is now.
      vm.body()
          .qmp()
          .execute(
              "announce-self",
              Map.of("initial", 50, "max", 550, "rounds", 5, "step", 50),
              HostedVm.MONITOR);
    } catch (IOException e) {
      log.warn("VM {}: could not note that it runs, or announce itself", vm.record().name(), e);
    }
  }
}
