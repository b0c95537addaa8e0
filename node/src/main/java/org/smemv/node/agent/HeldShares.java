package org.smemv.node.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostException;
import org.smemv.node.api.HostReport;
import org.smemv.paging.PageServer;
import org.smemv.paging.PageStore;
import org.smemv.paging.SlabPool;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;

/**
 * The pages that this host holds as a sub-host of VMs that run elsewhere. A share begins as a
 * reservation, which lapses when nobody asks for it to be kept; a kept one stays until it is
 * released. Safe for use by many threads.
 */
final class HeldShares {
  private static final Logger log = LoggerFactory.getLogger(HeldShares.class);

  /**
   * A reservation that is not kept after this long has lost its migration. A QEMU that starts on a
   * busy host takes its time, so this is long; tests set the system property.
   */
  static final Duration LAPSE =
      Duration.ofSeconds(Long.getLong("smemv.reservation.lapse.seconds", 90));

  private static final class Share {
    final Reservation reservation;
    final PageStore store;

    /** Whose main host may need the pages, the present one first. */
    final Set<String> mainHosts = new LinkedHashSet<>();

    long epoch;

    /** The newest epoch in which the VM may get another main host. */
    long movesIn;

    boolean kept;
    long bytes;
    long touchedNanos = System.nanoTime();

    Share(Reservation reservation, PageStore store) {
      this.reservation = reservation;
      this.bytes = reservation.bytes();
      this.epoch = reservation.epoch();
      this.mainHosts.add(reservation.mainHost());
      this.store = store;
    }

    MemoryLedger.Key key() {
      return new MemoryLedger.Key(reservation.vm(), MemoryLedger.Use.SHARE);
    }
  }

  private final MemoryLedger ledger;
  private final SlabPool pool;
  private final Map<UUID, Share> shares = new HashMap<>();
  private volatile @Nullable PageServer server;

  HeldShares(MemoryLedger ledger, SlabPool pool) {
    this.ledger = ledger;
    this.pool = pool;
  }

  /** Whose connections are ended when a share is. */
  void servedBy(PageServer pageServer) {
    server = pageServer;
  }

  void reserve(Reservation wanted) throws HostException {
    Share lapsed = takeReplaceable(wanted);
    if (lapsed != null) {
      end(lapsed);
    }
    add(wanted);
  }

  private synchronized @Nullable Share takeReplaceable(Reservation wanted) throws HostException {
    Share present = shares.get(wanted.vm());
    if (present == null || present.reservation.equals(wanted)) {
      return null;
    }
    if (present.kept || present.epoch >= wanted.epoch()) {
      throw refused("it holds pages of VM " + wanted.name() + " already: choose another sub-host");
    }
    shares.remove(wanted.vm());
    return present;
  }

  private synchronized void add(Reservation wanted) throws HostException {
    if (shares.containsKey(wanted.vm())) {
      return;
    }
    try {
      ledger.grant(new MemoryLedger.Key(wanted.vm(), MemoryLedger.Use.SHARE), wanted.bytes());
    } catch (MemoryLedger.NotEnough e) {
      throw new HostException(HostException.Kind.CAPACITY, String.valueOf(e.getMessage()), e);
    }
    try {
      shares.put(wanted.vm(), new Share(wanted, store(wanted)));
    } catch (Throwable e) { // no memory for its bookkeeping, say
      ledger.release(new MemoryLedger.Key(wanted.vm(), MemoryLedger.Use.SHARE));
      throw e;
    }
  }

  private PageStore store(Reservation wanted) {
    long ramPages = PageSize.pagesIn(wanted.vmBytes());
    long grant = PageSize.pagesIn(wanted.bytes());
    return new PageStore(wanted.vm(), pool, ramPages, grant, wanted.pagesFrom());
  }

  private static HostException refused(String why) {
    return new HostException(HostException.Kind.REFUSED, why);
  }

  synchronized void keep(UUID vm, long epoch) throws HostException {
    Share share = shares.get(vm);
    if (share == null || share.epoch != epoch) {
      throw refused("it has no reservation of VM " + vm + " with epoch " + epoch);
    }
    share.kept = true;
  }

  /** See {@link org.smemv.migration.HostControl#mayMove}. */
  synchronized void mayMove(UUID vm, long epoch, String mainHost) throws HostException {
    Share share = kept(vm, epoch);
    share.mainHosts.add(mainHost);
    share.movesIn = Math.max(share.movesIn, epoch);
  }

  /** See {@link org.smemv.migration.HostControl#adopt}. */
  synchronized void adopt(UUID vm, long epoch, String mainHost) throws HostException {
    Share share = kept(vm, epoch);
    share.epoch = epoch;
    if (epoch >= share.movesIn) { // else it is on its way to yet another host
      share.mainHosts.clear();
    }
    share.mainHosts.add(mainHost);
  }

  private Share kept(UUID vm, long epoch) throws HostException {
    Share share = shares.get(vm);
    if (share == null || !share.kept) {
      throw refused("it holds no pages of VM " + vm);
    }
    if (epoch < share.epoch) {
      throw refused("VM " + vm + " is at epoch " + share.epoch + " there, not " + epoch);
    }
    return share;
  }

  /** All that are asked before the share is freed; empty when there is none. */
  synchronized Set<String> mainHosts(UUID vm) {
    Share share = shares.get(vm);
    return share == null ? Set.of() : Set.copyOf(share.mainHosts);
  }

  synchronized void resize(UUID vm, long bytes) throws HostException {
    Share share = shares.get(vm);
    if (share == null || !share.kept) {
      throw refused("it holds no pages of VM " + vm);
    }
    long held = share.store.status().bytes();
    if (bytes < held) {
      throw refused(
          "it holds %d MiB of VM %s, more than the %d MiB that it is to grant"
              .formatted(held >> 20, share.reservation.name(), bytes >> 20));
    }
    try {
      ledger.grant(share.key(), bytes);
    } catch (MemoryLedger.NotEnough e) {
      throw new HostException(HostException.Kind.CAPACITY, String.valueOf(e.getMessage()), e);
    }
    share.store.grantPages(PageSize.pagesIn(bytes));
    share.bytes = bytes;
  }

  /** Ends a share of this epoch or an older one; false when there is none. */
  boolean release(UUID vm, long epoch) {
    Share share;
    synchronized (this) {
      share = shares.get(vm);
      if (share == null || share.epoch > epoch) {
        return false;
      }
      shares.remove(vm);
    }
    end(share);
    return true;
  }

  /** Not under the lock: connections that end may be asking for the store this moment. */
  private void end(Share share) {
    PageServer pages = server;
    if (pages != null && !pages.disconnect(share.reservation.vm())) {
      log.warn("VM {}: a connection does not end", share.reservation.name());
    }
    share.store.close();
    ledger.release(share.key());
  }

  /** The pages of a VM; null when none are held. */
  synchronized @Nullable PageStore store(UUID vm) {
    Share share = shares.get(vm);
    return share == null ? null : share.store;
  }

  /** Ends reservations that were never kept and that nobody has used for a while. */
  void lapse(Predicate<UUID> connected) {
    lapse(connected, LAPSE);
  }

  /** As the other, with another while. */
  void lapse(Predicate<UUID> connected, Duration unused) {
    List<Share> lapsed = new ArrayList<>();
    synchronized (this) {
      long now = System.nanoTime();
      for (Share share : shares.values()) {
        if (connected.test(share.reservation.vm())) {
          share.touchedNanos = now;
        }
        if (!share.kept && now - share.touchedNanos > unused.toNanos()) {
          lapsed.add(share);
        }
      }
      lapsed.forEach(share -> shares.remove(share.reservation.vm()));
    }
    for (Share share : lapsed) {
      log.warn("VM {}: its reservation here was not used and lapses", share.reservation.name());
      end(share);
    }
  }

  /** A kept share that nobody has been connected about for a while, and whom to ask about it. */
  record Silent(UUID vm, long epoch, List<String> mainHosts) {}

  /** Kept shares whose main host may be gone; see {@link #release}. */
  synchronized List<Silent> silent(Predicate<UUID> connected) {
    List<Silent> silent = new ArrayList<>();
    long now = System.nanoTime();
    for (Share share : shares.values()) {
      Reservation r = share.reservation;
      if (connected.test(r.vm())) {
        share.touchedNanos = now;
      } else if (share.kept && now - share.touchedNanos > LAPSE.toNanos()) {
        silent.add(new Silent(r.vm(), share.epoch, List.copyOf(share.mainHosts)));
      }
    }
    return silent;
  }

  /** A row for each share and reservation. */
  synchronized List<HostReport.Share> report() {
    List<HostReport.Share> rows = new ArrayList<>();
    for (Share share : shares.values()) {
      PageStore.Status status = share.store.status();
      rows.add(
          new HostReport.Share(
              share.reservation.vm().toString(),
              share.mainHosts.iterator().next(),
              status.pages(),
              status.bytes(),
              share.bytes));
    }
    return rows;
  }
}
