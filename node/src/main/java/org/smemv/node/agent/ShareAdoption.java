package org.smemv.node.agent;

import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;

/**
 * Tells the sub-hosts of a VM that has come here that this is its main host now. Until each knows,
 * it asks the former main host as well before it ever frees anything, so nothing depends on when.
 */
final class ShareAdoption {
  private static final Logger log = LoggerFactory.getLogger(ShareAdoption.class);

  private final HostedVm vm;
  private final String host;
  private final Function<String, InetSocketAddress> addressOf;
  private final long epoch;
  private final Set<String> told = new HashSet<>();

  private ShareAdoption(
      HostedVm vm, long epoch, String host, Function<String, InetSocketAddress> addressOf) {
    this.vm = vm;
    this.epoch = epoch;
    this.host = host;
    this.addressOf = addressOf;
  }

  /**
   * Tells each from now on, every second, until all know; returns at once.
   *
   * @param epoch in which the VM came here, or was found here: that of its record may be the next
   *     move's by now, and would have the sub-hosts forget the host that it moves to
   */
  static void begin(
      HostedVm vm, long epoch, String host, Function<String, InetSocketAddress> addressOf) {
    if (!vm.record().shares().isEmpty()) {
      ShareAdoption adoption = new ShareAdoption(vm, epoch, host, addressOf);
      EachSecond.until("adopt-" + vm.record().name(), adoption::isDone);
    }
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
    try (RemoteHost sub = new RemoteHost(name, addressOf.apply(name), host)) {
      sub.adopt(vm.id(), epoch, host);
    } catch (HostException e) {
      if (e.kind() == HostException.Kind.UNREACHABLE) {
        return false;
      }
      // It has lost the pages, or the VM has moved on: others say so.
      log.warn("VM {}: {}", vm.record().name(), e.getMessage());
    } catch (IllegalArgumentException e) { // the hosts file does not have it now
      return false;
    }
    return told.add(name);
  }
}
