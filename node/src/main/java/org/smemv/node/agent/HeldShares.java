package org.smemv.node.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostException;
import org.smemv.migration.ShareBook;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.HostReport;
import org.smemv.paging.EndingConnections;
import org.smemv.paging.PageServer;
import org.smemv.paging.PageStore;
import org.smemv.paging.SlabPool;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;

/**
 * The pages that this host holds as a sub-host of VMs that run elsewhere: a store for each share of
 * a {@link ShareBook}, which has the rules. Safe for use by many threads.
 */
final class HeldShares {
  /**
   * A reservation that is not kept after this long has lost its migration. A QEMU that starts on a
   * busy host takes its time, so this is long; tests set the system property.
   */
  static final Duration LAPSE =
      Duration.ofSeconds(Long.getLong("smemv.reservation.lapse.seconds", 90));

  /** The pages of a share, with the connections about them. */
  private final class Stored implements ShareBook.Pages {
    final PageStore store;

    Stored(Reservation wanted) {
      long ramPages = PageSize.pagesIn(wanted.vmBytes());
      long grant = PageSize.pagesIn(wanted.bytes());
      store = new PageStore(wanted.vm(), pool, ramPages, grant, wanted.pagesFrom());
    }

    @Override
    public long heldBytes() {
      return store.status().bytes();
    }

    @Override
    public void grantBytes(long bytes) {
      store.grantPages(PageSize.pagesIn(bytes));
    }

    @Override
    public void close() {
      PageServer pages = server;
      if (pages != null) {
        EndingConnections ignored = pages.disconnect(store.vm());
      }
      store.close(); // what a connection is sending at this moment goes when it is sent
    }
  }

  private final SlabPool pool;
  private final ShareBook<Stored> book;
  private volatile @Nullable PageServer server;

  HeldShares(MemoryLedger ledger, SlabPool pool) {
    this.pool = pool;
    this.book = new ShareBook<>(ledger, Stored::new, System::nanoTime);
  }

  /** Whose connections are ended when a share is. */
  void servedBy(PageServer pageServer) {
    server = pageServer;
  }

  void reserve(Reservation wanted) throws HostException {
    book.reserve(wanted);
  }

  void keep(UUID vm, long epoch) throws HostException {
    book.keep(vm, epoch);
  }

  /** See {@link ShareBook#requireOlder}. */
  void requireOlder(Reservation wanted) throws HostException {
    book.requireOlder(wanted);
  }

  /** See {@link org.smemv.migration.HostControl#mayMove}. */
  void mayMove(UUID vm, long epoch, String mainHost) throws HostException {
    book.mayMove(vm, epoch, mainHost);
  }

  /** See {@link org.smemv.migration.HostControl#adopt}. */
  void adopt(UUID vm, long epoch, String mainHost) throws HostException {
    book.adopt(vm, epoch, mainHost);
  }

  /** All that are asked before the share is freed; empty when there is none. */
  Set<String> mainHosts(UUID vm) {
    return book.mainHosts(vm);
  }

  void resize(UUID vm, long epoch, long bytes) throws HostException {
    book.resize(vm, epoch, bytes);
  }

  void undoResize(UUID vm, long epoch, long bytes) throws HostException {
    book.undoResize(vm, epoch, bytes);
  }

  /** Ends a share of this epoch or an older one; false when there is none. */
  boolean release(UUID vm, long epoch) {
    return book.release(vm, epoch);
  }

  /** The pages of a VM; null when none are held. */
  @Nullable PageStore store(UUID vm) {
    Stored stored = book.pages(vm);
    return stored == null ? null : stored.store;
  }

  /** Ends reservations that were never kept and that nobody has used for a while. */
  void lapse(Predicate<UUID> connected) {
    lapse(connected, LAPSE);
  }

  /** As the other, with another while. */
  void lapse(Predicate<UUID> connected, Duration unused) {
    book.lapse(connected, unused);
  }

  /** Kept shares whose main host may be gone. */
  List<ShareBook.Silent> silent(Predicate<UUID> connected) {
    return book.silent(connected, LAPSE);
  }

  /** See {@link ShareBook#freeUnlessNeeded}. */
  boolean freeUnlessNeeded(ShareBook.Silent silent, ShareBook.MainHosts mainHosts)
      throws HostException {
    return book.freeUnlessNeeded(silent, mainHosts);
  }

  /** All of them as what must go when this host is emptied. */
  List<DrainThing> things() {
    return book.rows().stream()
        .map(
            row ->
                new DrainThing(
                    DrainReport.Kind.SHARE,
                    row.vm().toString(),
                    row.name(),
                    row.mainHost(),
                    row.pages().store.status().bytes(),
                    null))
        .toList();
  }

  /** Whether anything of a VM is held, or reserved. */
  boolean holds(UUID vm) {
    return book.pages(vm) != null;
  }

  /** A row for each share and reservation. */
  List<HostReport.Share> report() {
    List<HostReport.Share> rows = new ArrayList<>();
    for (ShareBook.Row<Stored> row : book.rows()) {
      PageStore.Status status = row.pages().store.status();
      rows.add(
          new HostReport.Share(
              row.vm().toString(),
              row.mainHost(),
              status.pages(),
              status.bytes(),
              row.grantedBytes()));
    }
    return rows;
  }
}
