package org.smemv.paging;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Has pages of a leaving sub-host fetched by others that have room, coldest first: asks for the
 * PULL and hands what came to the evictor's thread, which changes the entries ({@link
 * RelocationSettlement}). Contents go from sub-host to sub-host and never through here. Owned by
 * the thread of the drain, except {@link #shutdown}.
 */
final class PageRelocation implements AutoCloseable {
  /** Longer than the target takes at most to connect, to fetch, and to wait for a last answer. */
  private static final Duration TIMEOUT = Duration.ofSeconds(25);

  /** How many pages a target must have room for: as many as possible. */
  private static final int[] SIZES = {PageBatch.CAPACITY, 64, 8, 1};

  private static final long LOOK_MILLIS = 50;

  private final SubHosts hosts;
  private final SubHost source;
  private final Leftovers leftovers;
  private final Consumer<PulledPages> settle;
  private final Doorbell bell;
  private final BooleanSupplier running;
  private final DrainCounters counters;
  private final DrainScan scan;
  private final LeftChecksums checksums;

  /** One is settled while the next is fetched. */
  private final PulledPages[] pulled = {new PulledPages(), new PulledPages()};

  private final @Nullable PageLink[] links = new PageLink[SubHosts.HOSTS_MAX];

  /** Where the links lead: an index may belong to another one by now. */
  private final @Nullable SubHost[] linkedTo = new SubHost[SubHosts.HOSTS_MAX];

  /** Pages, by target, that were asked for on a connection that broke before the answer. */
  private final int[] unknown = new int[SubHosts.HOSTS_MAX];

  /** Whom they were asked of. */
  private final @Nullable SubHost[] unknownAt = new SubHost[SubHosts.HOSTS_MAX];

  private volatile @Nullable PageLink inUse;
  private int turn;

  /**
   * @param settle has pages settled, after which they say so and the bell rings
   * @param bell what the thread sleeps on
   */
  PageRelocation(
      PageTable table,
      SubHosts hosts,
      SubHost source,
      Leftovers leftovers,
      Consumer<PulledPages> settle,
      Doorbell bell,
      BooleanSupplier running,
      DrainCounters counters) {
    this.hosts = hosts;
    this.source = source;
    this.leftovers = leftovers;
    this.settle = settle;
    this.bell = bell;
    this.running = running;
    this.counters = counters;
    this.scan = new DrainScan(table, source.identity().index(), false);
    this.checksums = new LeftChecksums(table, hosts, source, counters);
  }

  /**
   * Relocates the next pages.
   *
   * @return false when there are none, or no way
   */
  boolean relocate() {
    PulledPages next = pulled[turn];
    // What is not settled yet could be met again in a new pass.
    if (scan.isAtStart() ? !awaitSettled() : !awaitSettled(next)) {
      return false;
    }
    next.target = -1;
    int room = 0;
    for (int i = 0; i < SIZES.length && next.target < 0; i++) {
      room = SIZES[i];
      next.target = hosts.choose(room, this::mayPull);
    }
    if (next.target < 0) {
      counters.stalled("no sub-host that can be reached has room, nor has the main host");
      return false;
    }
    next.targetHost = hosts.at(next.target);
    PageLink link = link(next.target);
    if (link == null || next.targetHost != linkedTo[next.target]) {
      return false;
    }
    next.count = checksums.learn(next.pages, next.seen, scan.next(next.pages, next.seen, room));
    return next.count > 0 && leftovers.beginPull(next.target) && pull(link, next);
  }

  private boolean mayPull(int host) {
    return unknown[host] == 0 && leftovers.mayPull(host);
  }

  private boolean pull(PageLink link, PulledPages next) {
    next.source = source.identity().index();
    next.ask();
    // Counted before, so that what may be there is never more than what is counted.
    hosts.countUsed(next.target, next.count);
    inUse = link;
    try {
      if (!running.getAsBoolean()) {
        link.shutdown();
      }
      link.pull(next.answer, source.identity().name());
    } catch (PageLinkException e) {
      failed(next, e);
      return false;
    } finally {
      inUse = null;
    }
    next.settled = false;
    turn = 1 - turn;
    settle.accept(next);
    return true;
  }

  private void failed(PulledPages asked, PageLinkException e) {
    SubHost target = asked.targetHost;
    counters.stalled(
        "sub-host " + hosts.name(asked.target) + " did not take pages: " + e.getMessage());
    if (e.code() == ErrorCode.CAPACITY && target != null) {
      target.refusedForRoom();
    }
    if (!e.isLost() && storedNothing(e.code())) {
      uncount(asked);
      leftovers.endPull(asked.target, 0);
    } else {
      unknown[asked.target] = asked.count;
      unknownAt[asked.target] = target;
      hangUp(asked.target);
    }
  }

  private static void uncount(PulledPages asked) {
    SubHost target = asked.targetHost;
    if (target != null) {
      target.addUsed(-asked.count);
    }
  }

  private static boolean storedNothing(@Nullable ErrorCode code) {
    return code == ErrorCode.CAPACITY
        || code == ErrorCode.REFUSED
        || code == ErrorCode.STALE_EPOCH
        || code == ErrorCode.UNKNOWN_VM;
  }

  /**
   * Finds the end of PULLs whose connection broke: once a new one is let in, the old one is over.
   *
   * @return false when the end of one is not known yet
   */
  boolean resolve() {
    boolean all = true;
    for (int target = 0; target < unknown.length; target++) {
      all &= unknown[target] == 0 || resolve(target);
    }
    return all;
  }

  private boolean resolve(int target) {
    SubHost host = hosts.at(target);
    if (host == null || host != unknownAt[target]) {
      leftovers.endPull(target, 0);
    } else if (host.state() == SubHost.State.FORGOTTEN) {
      host.addUsed(-unknown[target]);
      leftovers.endPull(target, 0);
    } else if (host.state() == SubHost.State.CONNECTED && link(target) != null) {
      leftovers.endPull(target, unknown[target]);
    } else {
      return false;
    }
    unknown[target] = 0;
    return true;
  }

  private @Nullable PageLink link(int target) {
    SubHost host = hosts.at(target);
    PageLink open = links[target];
    if (open != null && host == linkedTo[target]) {
      return open;
    }
    hangUp(target);
    return host == null ? null : open(target, host);
  }

  private @Nullable PageLink open(int target, SubHost host) {
    try {
      int lane = 1 + source.identity().index();
      PageLink fresh = hosts.open(host, TrafficClass.BULK, lane);
      fresh.patience(TIMEOUT);
      links[target] = fresh;
      linkedTo[target] = host;
      return fresh;
    } catch (PageLinkException e) {
      counters.stalled("sub-host " + host.identity().name() + ": " + e.getMessage());
      return null;
    }
  }

  private void hangUp(int target) {
    PageLink lost = links[target];
    links[target] = null;
    if (lost != null) {
      lost.close();
    }
  }

  /** Waits until no page is half-way; false when the drain ends before. */
  boolean awaitSettled() {
    return awaitSettled(pulled[0]) && awaitSettled(pulled[1]);
  }

  private boolean awaitSettled(PulledPages pages) {
    while (!pages.settled && running.getAsBoolean()) {
      bell.await(LOOK_MILLIS);
    }
    return pages.settled;
  }

  /** Ends what is under way soon. Any thread. */
  void shutdown() {
    checksums.shutdown();
    PageLink open = inUse;
    if (open != null) {
      open.shutdown();
    }
  }

  @Override
  public void close() {
    checksums.close();
    for (int target = 0; target < links.length; target++) {
      hangUp(target);
    }
  }
}
