package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;

/**
 * Lets sub-hosts of a VM go once none of its pages is there any more: first the record forgets the
 * sub-host, then the sub-host frees what it reserved. One that cannot be told asks by itself later.
 */
final class LeavingShares {
  private static final Logger log = LoggerFactory.getLogger(LeavingShares.class);

  private final HostedVm vm;
  private final String host;
  private final Function<String, InetSocketAddress> addressOf;

  private LeavingShares(HostedVm vm, String host, Function<String, InetSocketAddress> addressOf) {
    this.vm = vm;
    this.host = host;
    this.addressOf = addressOf;
  }

  /**
   * Looks each second until no sub-host is leaving, unless that is done already; returns at once.
   * Two that look would both find a sub-host drained, and the later one that it is not there.
   */
  static void begin(HostedVm vm, String host, Function<String, InetSocketAddress> addressOf) {
    LeavingShares shares = new LeavingShares(vm, host, addressOf);
    synchronized (vm) {
      if (!vm.isLettingGo() && !leaving(vm).isEmpty()) {
        EachSecond.until("leaving-" + vm.record().name(), shares::allGone);
        vm.lettingGo(true);
      }
    }
  }

  private static List<Share> leaving(HostedVm vm) {
    return vm.record().shares().stream().filter(Share::leaving).toList();
  }

  private boolean allGone() {
    for (Share share : leaving(vm)) {
      if (!vm.isClosed() && vm.isDrained(share)) {
        letGo(share);
      }
    }
    synchronized (vm) { // else one that leaves just now would be left to this, which has ended
      boolean over = vm.isClosed() || leaving(vm).isEmpty();
      vm.lettingGo(!over);
      return over;
    }
  }

  private void letGo(Share share) {
    String name = vm.record().name();
    // Before it is forgotten: from then on the next change may have a new share there.
    long epoch = vm.record().epoch();
    try {
      vm.forgetSubHost(share);
      if (vm.record().hasShareOf(share)) {
        return; // the VM is about to leave
      }
    } catch (IOException | IllegalStateException e) {
      log.warn("VM {}: sub-host {} is not forgotten yet: {}", name, share.host(), e.getMessage());
      return;
    }
    try (RemoteHost sub = new RemoteHost(share.host(), addressOf.apply(share.host()), host)) {
      sub.release(vm.id(), epoch);
      log.info("VM {}: nothing of it is on {} any more", name, share.host());
    } catch (HostException | IllegalArgumentException e) {
      log.warn("VM {}: {} will find out by itself: {}", name, share.host(), e.getMessage());
    }
  }
}
