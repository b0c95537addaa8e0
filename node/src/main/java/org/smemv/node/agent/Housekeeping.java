package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostException;
import org.smemv.migration.ShareBook;
import org.smemv.paging.PageServer;

/** Ends what is not heard of any more, every few seconds, on a thread of its own. */
final class Housekeeping {
  private static final Logger log = LoggerFactory.getLogger(Housekeeping.class);

  /** 5 s, and less for tests, where reservations lapse sooner. */
  private static final Duration PAUSE = HeldShares.LAPSE.dividedBy(18);

  /** Notes cost a few bytes each, asking about them a connection. */
  private static final int ROUNDS_BETWEEN_PRUNINGS = 720;

  private final String host;
  private final HeldShares shares;
  private final LeftVms left;
  private final Arrivals arrivals;
  private final TakenVms taken;
  private final PageServer server;
  private final Function<String, InetSocketAddress> addressOf;

  Housekeeping(
      String host,
      HeldShares shares,
      LeftVms left,
      Arrivals arrivals,
      TakenVms taken,
      PageServer server,
      Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.shares = shares;
    this.left = left;
    this.arrivals = arrivals;
    this.taken = taken;
    this.server = server;
    this.addressOf = addressOf;
  }

  void start() {
    Thread.ofVirtual().name("housekeeping").start(this::run);
  }

  private void run() {
    try {
      for (int round = 1; ; round++) {
        Thread.sleep(PAUSE);
        lapse();
        if (round % ROUNDS_BETWEEN_PRUNINGS == 0) {
          prune();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void lapse() {
    try {
      shares.lapse(server::isConnected);
      for (ShareBook.Silent silent : shares.silent(server::isConnected)) {
        free(silent, () -> shares.freeUnlessNeeded(silent, this::needs));
      }
      for (ShareBook.Silent silent : left.silent(server::isConnected, HeldShares.LAPSE)) {
        free(silent, () -> left.freeUnlessNeeded(silent, this::needs));
      }
      left.shrinkGrants();
      arrivals.lapse(server::isArriving);
    } catch (RuntimeException | Error e) {
      // What failed for one VM is tried again, and must not end the housekeeping of the others.
      log.error("housekeeping", e);
    }
  }

  /** Asks the main hosts of a VM whether they need its pages here. */
  private interface Freeing {
    boolean unlessNeeded() throws HostException;
  }

  private static void free(ShareBook.Silent silent, Freeing pages) {
    try {
      boolean ignored = pages.unlessNeeded();
    } catch (HostException | IllegalArgumentException e) {
      log.info("VM {}: its pages are kept; {}", silent.vm(), e.getMessage());
    } catch (RuntimeException e) {
      log.error("VM {}: its pages are kept", silent.vm(), e); // others must not wait for it
    }
  }

  private boolean needs(String name, UUID vm) throws HostException {
    try (RemoteHost other = new RemoteHost(name, addressOf.apply(name), host)) {
      return other.needs(vm);
    }
  }

  private boolean holds(String name, UUID vm) throws HostException {
    try (RemoteHost other = new RemoteHost(name, addressOf.apply(name), host)) {
      return other.holds(vm);
    }
  }

  private void prune() {
    try {
      taken.prune(this::holds);
    } catch (IOException | RuntimeException | Error e) {
      log.error("notes of taken VMs", e);
    }
  }
}
