package org.smemv.node.agent;

import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.paging.GuestPager;
import org.smemv.paging.SubHost;

/**
 * After a restart: has each sub-host of a VM grant what the VM's record says. The agent before may
 * have died when it had asked for more and not yet changed the record: nobody else would give that
 * back.
 */
final class GrantsAfterRestart {
  private static final Logger log = LoggerFactory.getLogger(GrantsAfterRestart.class);

  private final HostedVm vm;
  private final String host;
  private final Function<String, InetSocketAddress> addressOf;
  private final Set<String> told = new HashSet<>();

  private GrantsAfterRestart(
      HostedVm vm, String host, Function<String, InetSocketAddress> addressOf) {
    this.vm = vm;
    this.host = host;
    this.addressOf = addressOf;
  }

  /** Tells each as soon as it is connected and nobody else changes the VM; returns at once. */
  static void begin(HostedVm vm, String host, Function<String, InetSocketAddress> addressOf) {
    if (vm.record().shares().stream().anyMatch(share -> !share.leaving())) {
      GrantsAfterRestart grants = new GrantsAfterRestart(vm, host, addressOf);
      EachSecond.until("grants-" + vm.record().name(), grants::areAsRecorded);
    }
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

  /** One that is away would keep the VM occupied for as long as it takes to find that out. */
  private boolean isThere(Share share) {
    GuestPager pager = vm.pager();
    SubHost sub = pager == null ? null : pager.subHosts().at(share.index());
    return sub != null && sub.stores();
  }

  private boolean tell(Share listed) {
    if (!vm.occupyBriefly()) {
      return false;
    }
    try (RemoteHost sub = new RemoteHost(listed.host(), addressOf.apply(listed.host()), host)) {
      for (Share share : vm.record().shares()) { // anew, now that nobody changes it
        if (share.host().equals(listed.host()) && !share.leaving()) {
          sub.resize(vm.id(), vm.record().epoch(), share.bytes());
        }
      }
    } catch (HostException e) {
      if (e.kind() == HostException.Kind.UNREACHABLE) {
        return false;
      }
      log.warn("VM {}: {}", vm.record().name(), e.getMessage());
    } catch (IllegalArgumentException e) { // the hosts file does not have it now
      return false;
    } finally {
      vm.vacate();
    }
    return told.add(listed.host());
  }
}
