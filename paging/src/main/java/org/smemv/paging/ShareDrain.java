package org.smemv.paging;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.linux.Errno;
import org.smemv.linux.SystemCallException;
import org.smemv.placement.PageSize;

/**
 * Empties one leaving sub-host: its pages come to the main host while that has room, the others go
 * to sub-hosts that stay. One thread, which decides and fetches; what changes the places of
 * relocated pages, and what drops copies, is done by the evictor's thread.
 */
final class ShareDrain implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ShareDrain.class);

  /** Until the next look when nothing can be moved. */
  private static final long PAUSE_MILLIS = 200;

  /**
   * So long a sub-host that cannot be reached, and that has no page but copies, keeps a drain from
   * its end.
   */
  static final long AWAY_NANOS = 10_000_000_000L;

  /** The parts of a pager that it works with. */
  record Parts(
      PageTable table,
      ResidentBudget budget,
      GuestAttachment attachment,
      SubHosts hosts,
      StaleCopies copies,
      Leftovers leftovers,
      PageEvictor evictor,
      RelocationSettlement settlement,
      LongSupplier clock,
      LongSupplier faults,
      Consumer<Throwable> broken) {}

  private final Parts parts;
  private final SubHost host;
  private final int index;
  private final DropQueue dropped = new DropQueue();
  private final DrainCounters counters = new DrainCounters();
  private final Doorbell bell = new Doorbell();
  private final PageGatherer gatherer;
  private final PageRelocation relocation;
  private final Thread thread;
  private volatile boolean running = true;
  private volatile boolean stopping;
  private volatile boolean drained;

  /** The evictor's thread knows that the sub-host is leaving: no eviction to it is half-way. */
  private volatile boolean known;

  private boolean suspected;
  private boolean away;
  private long awaySinceNanos;

  ShareDrain(Parts parts, SubHost host) {
    this.parts = parts;
    this.host = host;
    this.index = host.identity().index();
    this.gatherer =
        new PageGatherer(
            parts.table(),
            parts.budget(),
            new PageInstaller(parts.attachment().faults(), parts.attachment().memory()),
            parts.hosts(),
            host,
            dropped,
            counters,
            parts.faults());
    this.relocation =
        new PageRelocation(
            parts.table(),
            parts.hosts(),
            host,
            parts.leftovers(),
            this::settle,
            bell,
            () -> running,
            counters);
    this.thread = Thread.ofPlatform().name("drain-" + index).daemon().unstarted(this::run);
  }

  void start() {
    parts.copies().alsoFrom(dropped);
    parts
        .evictor()
        .errand(
            () -> {
              known = true;
              counters.done();
              bell.ring();
            });
    thread.start();
  }

  /** Has the sub-host keep what it still has, soon. Any thread. */
  void stop() {
    stopping = true;
    bell.ring();
  }

  boolean isStopping() {
    return stopping;
  }

  boolean drained() {
    return drained;
  }

  DrainProgress progress() {
    long moved = counters.gathered() + counters.relocated();
    return new DrainProgress(
        index,
        host.identity().name(),
        host.usedPages(),
        counters.gathered(),
        counters.relocated(),
        moved << PageSize.SHIFT,
        drained,
        stalled());
  }

  private @Nullable String stalled() {
    return running ? counters.stalled() : null;
  }

  private void settle(PulledPages pulled) {
    parts
        .evictor()
        .errand(
            () -> {
              parts.settlement().settle(pulled, counters);
              pulled.settled = true;
              bell.ring();
            });
  }

  private void run() {
    try {
      while (running) {
        long began = System.nanoTime();
        if (!step()) {
          bell.await(pause(System.nanoTime() - began));
        }
      }
    } catch (RuntimeException | Error e) {
      if (e instanceof SystemCallException call && call.errno() == Errno.ESRCH) {
        log.info("the draining of {} ends: its QEMU has ended", host.identity().name());
      } else if (running) {
        log.error("the draining of {} broke", host.identity().name(), e);
        parts.broken().accept(e);
      }
    } finally {
      running = false;
      gatherer.close();
      relocation.close();
      parts.copies().noLongerFrom(dropped);
    }
  }

  /** Looking for pages of a very large VM takes its time: it is done less often. */
  private static long pause(long lookNanos) {
    return Math.clamp(4 * lookNanos / 1_000_000, PAUSE_MILLIS, 10 * PAUSE_MILLIS);
  }

  /** Moves some pages; false when there is nothing to do at the moment. */
  private boolean step() {
    boolean resolved = relocation.resolve();
    if (stopping) {
      return resolved && relocation.awaitSettled() && keep();
    }
    if (gatherer.gather()) {
      return true;
    }
    if (!known) {
      counters.stalled("pages go to other sub-hosts, and copies are dropped, once the VM is here");
      return false;
    }
    return relocation.relocate() || isDrained();
  }

  /** The rest stays; what went elsewhere already may have left copies here. */
  private boolean keep() {
    parts.leftovers().suspect(index);
    parts.evictor().roomNeeded();
    host.leaving(false);
    parts.table().leaving(index, false);
    running = false;
    return true;
  }

  /**
   * Looks whether any entry names the sub-host; when none does, none will. It is looked through
   * once more, as the last drops may have failed, unless it stays away: it holds nothing that
   * counts. Should it come back later, it asks whether its share is needed, and frees it.
   */
  private boolean isDrained() {
    boolean gone = isAwayForLong();
    if (!relocation.awaitSettled() || isNamed(gone)) {
      return false;
    }
    if (!suspected) {
      suspected = true;
      parts.leftovers().suspect(index);
      parts.evictor().roomNeeded();
    }
    if (parts.leftovers().isSuspect(index) && !gone) {
      return false;
    }
    counters.done();
    drained = true;
    running = false;
    log.info("sub-host {} is drained", host.identity().name());
    return true;
  }

  private boolean isAwayForLong() {
    if (host.stores()) {
      away = false;
      return false;
    }
    long now = parts.clock().getAsLong();
    if (!away) {
      away = true;
      awaySinceNanos = now;
    }
    return host.state() == SubHost.State.FORGOTTEN || now - awaySinceNanos > AWAY_NANOS;
  }

  private boolean isNamed(boolean gone) {
    boolean copies = false;
    for (long page = 0; page < parts.table().pages(); page++) {
      long entry = parts.table().get(page);
      if (PageEntry.names(entry, index)) {
        if (!PageEntry.has(entry, PageEntry.COPY)) {
          return true;
        }
        copies = true;
      }
    }
    if (copies && host.stores()) {
      counters.done(); // nothing waits for room: the last copies are being dropped
    } else if (copies && gone) {
      giveCopiesUp();
    }
    return copies;
  }

  /** Else a host that is gone for good would have the VM leave it for ever. */
  private void giveCopiesUp() {
    if (!host.isGivenUp()) {
      log.warn("sub-host {} stays away: its copies are given up", host.identity().name());
      host.giveUp();
    }
    parts.copies().lookEverywhere();
    parts.evictor().roomNeeded();
  }

  @Override
  public void close() {
    running = false;
    gatherer.shutdown();
    relocation.shutdown();
    bell.ring();
    if (thread.getState() == Thread.State.NEW) {
      gatherer.close();
      return;
    }
    ThreadEnd.await(thread);
  }
}
