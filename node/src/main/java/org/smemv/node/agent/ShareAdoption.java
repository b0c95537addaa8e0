package org.smemv.node.agent;

import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;

/**
 * Tells the sub-hosts of a VM that this is its main host: after it has come here, or after a move
 * away from here has come to nothing. Until each knows, it asks the other host as well before it
 * ever frees anything, so nothing depends on when. Telling it twice does no harm.
 */
final class ShareAdoption {
  private static final Logger log = LoggerFactory.getLogger(ShareAdoption.class);

  /**
   * The VM.
   *
   * @param epoch its epoch now; a later one may be that of the next move
   * @param shares what it has on sub-hosts, whenever this is asked
   * @param closed whether it has left, or has ended
   */
  record Adopter(
      String name, UUID id, long epoch, Supplier<List<Share>> shares, BooleanSupplier closed) {
    static Adopter of(HostedVm vm, long epoch) {
      return new Adopter(
          vm.record().name(), vm.id(), epoch, () -> vm.record().shares(), vm::isClosed);
    }
  }

  private final Adopter vm;
  private final String host;
  private final Function<String, InetSocketAddress> addressOf;
  private final Set<String> told = new HashSet<>();

  /**
   * @param host the name of this host
   * @param addressOf finds the data port of a host, or fails naming it
   */
  ShareAdoption(Adopter vm, String host, Function<String, InetSocketAddress> addressOf) {
    this.vm = vm;
    this.host = host;
    this.addressOf = addressOf;
  }

  /**
   * Tells them soon, and those that cannot be told each second until they are; returns at once.
   *
   * @param epoch in which the VM came here, or was found here: that of its record may be the next
   *     move's by now, and would have the sub-hosts forget the host that it moves to
   */
  static void begin(
      HostedVm vm, long epoch, String host, Function<String, InetSocketAddress> addressOf) {
    if (!vm.record().shares().isEmpty()) {
      ShareAdoption adoption = new ShareAdoption(Adopter.of(vm, epoch), host, addressOf);
      EachSecond.until("adopt-" + vm.record().name(), adoption::tellAll);
    }
  }

  /** Tells those that do not know yet; true when all know, or nobody need know any more. */
  boolean tellAll() {
    boolean all = true;
    for (Share share : vm.shares().get()) {
      if (!vm.closed().getAsBoolean() && !told.contains(share.host())) {
        all &= tell(share.host());
      }
    }
    return all;
  }

  private boolean tell(String name) {
    try (RemoteHost sub = new RemoteHost(name, addressOf.apply(name), host)) {
      sub.adopt(vm.id(), vm.epoch(), host);
    } catch (HostException e) {
      if (e.kind() == HostException.Kind.UNREACHABLE) {
        return false;
      }
      // It has lost the pages, or the VM has moved on: others say so.
      log.warn("VM {}: {}", vm.name(), e.getMessage());
    } catch (IllegalArgumentException e) { // the hosts file does not have it now
      return false;
    }
    return told.add(name);
  }
}
