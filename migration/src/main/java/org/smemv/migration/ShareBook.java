package org.smemv.migration;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.placement.MemoryLedger;

/**
 * What a host has promised to hold of VMs that run elsewhere: in which epoch, who may need it, and
 * when it may be freed. A share begins as a reservation, which lapses when nobody asks for it to be
 * kept; a kept one stays until it is released. It knows nothing of how pages are stored, and asks
 * nobody itself, so that the same rules run in an agent and in a simulation. Safe for use by many
 * threads.
 *
 * @param <P> where the pages of a share are
 */
public final class ShareBook<P extends ShareBook.Pages> {
  /** The pages of one share. */
  public interface Pages {
    /** Bytes of page contents that are held. */
    long heldBytes();

    /** The most bytes that may be held from now on. */
    void grantBytes(long bytes);

    /** Frees all pages; nobody is let in any more. May wait for connections to end. */
    void close();
  }

  /** Asks a host whether a share is part of the VM there, or may become so. */
  public interface MainHosts {
    /** The answer; no, once given, stays no for as long as the share knows of no other host. */
    boolean needs(String host, UUID vm) throws HostException;
  }

  /** A kept share that nobody has been connected about for a while, and whom to ask about it. */
  public record Silent(UUID vm, long epoch, List<String> mainHosts) {
    /**
     * Whether any of those that may be the VM's main host needs it.
     *
     * @throws HostException when one could not be asked
     */
    public boolean isNeeded(MainHosts asked) throws HostException {
      for (String host : mainHosts) {
        if (asked.needs(host, vm)) {
          return true;
        }
      }
      return false;
    }
  }

  /**
   * A share or reservation, for reports.
   *
   * @param mainHost where the VM runs, as far as is known here
   */
  public record Row<P>(UUID vm, String name, String mainHost, P pages, long grantedBytes) {}

  private static final Logger log = LoggerFactory.getLogger(ShareBook.class);

  private final class Share {
    final Reservation reservation;
    final P pages;

    /** Whose main host may need the pages, the present one first. */
    final Set<String> mainHosts = new LinkedHashSet<>();

    long epoch;

    /** The newest epoch in which the VM may get another main host. */
    long movesIn;

    /** The newest change of the grant, and whether it was taken back. */
    long resizedIn;

    boolean undone;
    boolean kept;
    long bytes;
    long touchedNanos = nanos.getAsLong();

    Share(Reservation reservation, P pages) {
      this.reservation = reservation;
      this.bytes = reservation.bytes();
      this.epoch = reservation.epoch();
      this.mainHosts.add(reservation.mainHost());
      this.pages = pages;
    }

    MemoryLedger.Key key() {
      return ShareBook.key(reservation);
    }
  }

  private final MemoryLedger ledger;
  private final Function<Reservation, P> store;
  private final LongSupplier nanos;
  private final Map<UUID, Share> shares = new LinkedHashMap<>();

  /** VMs of which a share is being freed at this moment: its grant goes after its pages. */
  private final Set<UUID> ending = new HashSet<>();

  /**
   * A book without shares.
   *
   * @param ledger that each share is granted by
   * @param store makes room for the pages of a share
   * @param nanos a clock that only goes forward
   */
  public ShareBook(MemoryLedger ledger, Function<Reservation, P> store, LongSupplier nanos) {
    this.ledger = ledger;
    this.store = store;
    this.nanos = nanos;
  }

  private static MemoryLedger.Key key(Reservation reservation) {
    return new MemoryLedger.Key(reservation.vm(), MemoryLedger.Use.SHARE);
  }

  /** See {@link HostControl#reserve}. */
  public void reserve(Reservation wanted) throws HostException {
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
    take(present);
    return present;
  }

  private synchronized void add(Reservation wanted) throws HostException {
    Share present = shares.get(wanted.vm());
    if (present != null && present.reservation.equals(wanted)) {
      return;
    }
    if (present != null) { // of somebody who was asking at the same time
      throw refused("it has just reserved memory for VM " + wanted.name() + " already");
    }
    if (ending.contains(wanted.vm())) { // the end of that grant would be the end of this one
      throw refused(
          "it is just freeing what it held of VM " + wanted.name() + ": try again in a moment");
    }
    try {
      ledger.grant(key(wanted), wanted.bytes());
    } catch (MemoryLedger.NotEnough e) {
      throw new HostException(HostException.Kind.CAPACITY, String.valueOf(e.getMessage()), e);
    }
    try {
      shares.put(wanted.vm(), new Share(wanted, store.apply(wanted)));
    } catch (Throwable e) { // no memory for its bookkeeping, say
      ledger.release(key(wanted));
      throw e;
    }
  }

  private static HostException refused(String why) {
    return new HostException(HostException.Kind.REFUSED, why);
  }

  /** See {@link HostControl#keep}. */
  public synchronized void keep(UUID vm, long epoch) throws HostException {
    Share share = shares.get(vm);
    if (share == null || share.epoch != epoch) {
      throw refused("it has no reservation of VM " + vm + " with epoch " + epoch);
    }
    share.kept = true;
  }

  /**
   * Refuses that the VM itself comes here in an epoch that is not newer than that of the pages that
   * are held: a request that took long on its way, for a migration that was given up.
   */
  public synchronized void requireOlder(Reservation wanted) throws HostException {
    Share share = shares.get(wanted.vm());
    if (share != null && (!share.kept || share.epoch >= wanted.epoch())) {
      throw refused(
          "it holds pages of VM %s, in epoch %d: choose another main host, or try again in two minutes if the VM has left it"
              .formatted(wanted.name(), share.epoch));
    }
  }

  /** See {@link HostControl#mayMove}. */
  public synchronized void mayMove(UUID vm, long epoch, String mainHost) throws HostException {
    Share share = kept(vm, epoch);
    share.mainHosts.add(mainHost);
    share.movesIn = Math.max(share.movesIn, epoch);
  }

  /** See {@link HostControl#adopt}. */
  public synchronized void adopt(UUID vm, long epoch, String mainHost) throws HostException {
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

  /** All that are asked before the share is freed, the present one first; none without a share. */
  public synchronized Set<String> mainHosts(UUID vm) {
    Share share = shares.get(vm);
    return share == null ? Set.of() : new LinkedHashSet<>(share.mainHosts);
  }

  /** See {@link HostControl#resize}. */
  public void resize(UUID vm, long epoch, long bytes) throws HostException {
    resize(vm, epoch, bytes, false);
  }

  /** See {@link HostControl#undoResize}. */
  public void undoResize(UUID vm, long epoch, long bytes) throws HostException {
    resize(vm, epoch, bytes, true);
  }

  private synchronized void resize(UUID vm, long epoch, long bytes, boolean undo)
      throws HostException {
    Share share = kept(vm, epoch);
    if (epoch < share.resizedIn || (epoch == share.resizedIn && share.undone && !undo)) {
      throw refused(
          "its share of VM %s was changed since, in epoch %d: what was asked in epoch %d comes too late"
              .formatted(share.reservation.name(), share.resizedIn, epoch));
    }
    // First: what this takes back must not come to pass later, even if this cannot be done.
    share.undone = undo;
    share.resizedIn = epoch;
    long held = share.pages.heldBytes();
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
    share.pages.grantBytes(bytes);
    share.bytes = bytes;
  }

  /** Ends a share of this epoch or an older one; false when there is none. */
  public boolean release(UUID vm, long epoch) {
    Share share;
    synchronized (this) {
      share = shares.get(vm);
      if (share == null || share.epoch > epoch) {
        return false;
      }
      take(share);
    }
    end(share);
    return true;
  }

  /** From now on it is not found any more; {@link #end} is to follow. */
  private synchronized void take(Share share) {
    shares.remove(share.reservation.vm());
    ending.add(share.reservation.vm());
  }

  /** Not under the lock: connections that end may be asking for the pages this moment. */
  private void end(Share share) {
    try {
      share.pages.close();
    } finally {
      synchronized (this) {
        ledger.release(share.key());
        ending.remove(share.reservation.vm());
      }
    }
  }

  /** The pages of a VM; null when none are held. */
  public synchronized @Nullable P pages(UUID vm) {
    Share share = shares.get(vm);
    return share == null ? null : share.pages;
  }

  /**
   * Ends reservations that were never kept and that nobody has used for a while.
   *
   * @param connected whether somebody is connected about a VM now
   */
  public void lapse(Predicate<UUID> connected, Duration unused) {
    List<Share> lapsed = new ArrayList<>();
    synchronized (this) {
      long now = nanos.getAsLong();
      for (Share share : shares.values()) {
        if (connected.test(share.reservation.vm())) {
          share.touchedNanos = now;
        }
        if (!share.kept && now - share.touchedNanos > unused.toNanos()) {
          lapsed.add(share);
        }
      }
      lapsed.forEach(this::take);
    }
    for (Share share : lapsed) {
      log.warn("VM {}: its reservation here was not used and lapses", share.reservation.name());
      end(share);
    }
  }

  /** Kept shares whose main host may be gone; see {@link #freeUnlessNeeded}. */
  public synchronized List<Silent> silent(Predicate<UUID> connected, Duration unused) {
    List<Silent> silent = new ArrayList<>();
    long now = nanos.getAsLong();
    for (Share share : shares.values()) {
      UUID vm = share.reservation.vm();
      if (connected.test(vm)) {
        share.touchedNanos = now;
      } else if (share.kept && now - share.touchedNanos > unused.toNanos()) {
        silent.add(new Silent(vm, share.epoch, List.copyOf(share.mainHosts)));
      }
    }
    return silent;
  }

  /**
   * Frees a share once all that may be its VM's main host say for good that the VM is not split
   * with this host.
   *
   * @return whether it was freed
   * @throws HostException when one could not be asked; the share stays
   */
  public boolean freeUnlessNeeded(Silent silent, MainHosts mainHosts) throws HostException {
    if (silent.isNeeded(mainHosts)) {
      return false;
    }
    boolean freed = release(silent.vm(), silent.epoch()); // unless it was adopted meanwhile
    if (freed) {
      log.warn(
          "VM {}: {} do not need its pages here; they are freed", silent.vm(), silent.mainHosts());
    }
    return freed;
  }

  /** A row for each share and reservation, the oldest first. */
  public synchronized List<Row<P>> rows() {
    List<Row<P>> rows = new ArrayList<>();
    for (Share share : shares.values()) {
      rows.add(
          new Row<>(
              share.reservation.vm(),
              share.reservation.name(),
              share.mainHosts.iterator().next(),
              share.pages,
              share.bytes));
    }
    return rows;
  }
}
