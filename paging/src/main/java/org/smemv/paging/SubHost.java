package org.smemv.paging;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One sub-host of a VM as its main host sees it: where it is, what it granted, and the connection
 * that pages are stored over. The fault loop has a connection of its own.
 */
public final class SubHost {
  /** How a sub-host can be reached. */
  public enum State {
    /** Not tried yet, or lost and being tried again. */
    CONNECTING,
    /** Faults are served, and pages can be stored if {@link #stores()}. */
    CONNECTED,
    /** It answers, but has nothing of this VM any more: what it held is lost. */
    FORGOTTEN
  }

  /**
   * What does not change.
   *
   * @param index its number in the page table, 0..{@link PageEntry#HOST_MAX}
   * @param name its name
   * @param address its data port
   */
  public record Identity(int index, String name, InetSocketAddress address) {}

  private static final long FULL_NANOS = 1_000_000_000L;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final Identity identity;
  private final AtomicLong used = new AtomicLong();
  private final AtomicBoolean newlyForgotten = new AtomicBoolean();
  private volatile long grantPages;
  private volatile State state = State.CONNECTING;
  private volatile boolean stores;
  private volatile boolean leaving;
  private volatile boolean givenUp;
  private volatile String reason = "not connected yet";
  private final AtomicReference<@Nullable PageLink> nextBulk = new AtomicReference<>();
  private @Nullable PageLink bulk;
  private boolean connecting;
  private long connection;
  private volatile long fullUntilNanos = System.nanoTime();

  SubHost(Identity identity, long grantPages) {
    this.identity = identity;
    this.grantPages = grantPages;
  }

  /** Who it is. */
  public Identity identity() {
    return identity;
  }

  /** Pages that it granted this VM. */
  public long grantPages() {
    return grantPages;
  }

  /** It granted more, or less. */
  public void grantPages(long pages) {
    grantPages = pages;
  }

  /** Pages that it holds, copies that are still to be dropped among them. */
  public long usedPages() {
    return used.get();
  }

  /** How it can be reached. */
  public State state() {
    return state;
  }

  /** Why it cannot be reached; empty when it can. */
  public String reason() {
    return state == State.CONNECTED ? "" : reason;
  }

  /** True when pages can be stored; false also while this host only reads. */
  public boolean stores() {
    return state == State.CONNECTED && stores;
  }

  /** True when its pages go elsewhere and it gets no new ones. */
  public boolean leaving() {
    return leaving;
  }

  void leaving(boolean leaves) {
    leaving = leaves;
  }

  /**
   * It is leaving, stays away, and is not waited for any more: what it has are copies, which need
   * not be dropped there before they are forgotten here. For good.
   */
  void giveUp() {
    givenUp = true;
  }

  boolean isGivenUp() {
    return givenUp;
  }

  boolean hasRoomFor(int pages) {
    return stores()
        && !leaving
        && grantPages - used.get() >= pages
        && System.nanoTime() - fullUntilNanos >= 0;
  }

  /** The part of the grant that is free, 0 to 1. */
  double freePart() {
    return grantPages == 0 ? 0 : 1 - (double) used.get() / grantPages;
  }

  void addUsed(long pages) {
    used.addAndGet(pages);
  }

  /**
   * A connection broke. Only the newest one counts: the server ends an older one when a newer
   * comes.
   *
   * @param number which of the connections it was
   */
  synchronized void lost(long number, String why) {
    if (number == connection && state == State.CONNECTED) {
      reason = why;
      state = State.CONNECTING;
    }
  }

  /** The number of the newest connection. */
  synchronized long connection() {
    return connection;
  }

  private synchronized void become(State next, String why) {
    state = next;
    reason = why;
  }

  private synchronized void nextConnection(long number) {
    connection = number;
    stores = false;
  }

  /** It refused pages because it is full: others are tried first for a while. */
  void refusedForRoom() {
    fullUntilNanos = System.nanoTime() + FULL_NANOS;
  }

  /**
   * Opens the connection for faults, and the one that pages are stored over if that is wanted.
   *
   * @param number tells it from all connections of this VM before; see {@link #lost}
   * @return the one for faults
   * @throws PageLinkException when it cannot be reached or has forgotten the VM
   */
  PageLink connect(SubHosts.Caller caller, long number, boolean storing) {
    nextConnection(number);
    try {
      if (storing) {
        openStores(caller);
      }
      PageLink faults = PageLink.open(target(caller, TrafficClass.FAULT, 0));
      become(State.CONNECTED, "");
      return faults;
    } catch (PageLinkException e) {
      notConnected(e);
      throw e;
    }
  }

  /**
   * Opens the connection that pages are stored over, beside the one for faults, which goes on.
   *
   * @throws PageLinkException when it cannot be reached or has forgotten the VM
   */
  void connectStores(SubHosts.Caller caller) {
    try {
      openStores(caller);
    } catch (PageLinkException e) {
      if (e.code() == ErrorCode.UNKNOWN_VM) {
        notConnected(e);
      }
      throw e;
    }
  }

  private void openStores(SubHosts.Caller caller) {
    replace(PageLink.open(target(caller, TrafficClass.BULK, 0)));
    stores = true;
  }

  /** True once after it was found to have forgotten the VM. */
  boolean becameForgotten() {
    return newlyForgotten.getAndSet(false);
  }

  private void notConnected(PageLinkException e) {
    boolean forgotten = e.code() == ErrorCode.UNKNOWN_VM;
    if (forgotten && state != State.FORGOTTEN) {
      newlyForgotten.set(true);
    }
    become(forgotten ? State.FORGOTTEN : State.CONNECTING, String.valueOf(e.getMessage()));
  }

  /** Where a connection to it leads. */
  LinkTarget target(SubHosts.Caller caller, TrafficClass traffic, int lane) {
    return new LinkTarget(
        identity.address(), caller.vm(), caller.epoch(), traffic, lane, caller.name(), TIMEOUT);
  }

  private void replace(PageLink stores) {
    PageLink unused = nextBulk.getAndSet(stores);
    if (unused != null) {
      unused.close();
    }
  }

  /** True when the caller is the one to connect now; {@link #endConnecting()} must follow. */
  synchronized boolean beginConnecting(boolean storing) {
    boolean begin = !connecting && (state != State.CONNECTED || (storing && !stores));
    connecting |= begin;
    return begin;
  }

  synchronized void endConnecting() {
    connecting = false;
  }

  /**
   * The connection that pages are stored over. The evictor's thread alone calls, and it alone
   * closes the connection before: it may be in the middle of a call on it.
   */
  PageLink bulk() {
    PageLink fresh = nextBulk.getAndSet(null);
    if (fresh != null) {
      if (bulk != null) {
        bulk.close();
      }
      bulk = fresh;
    }
    PageLink link = bulk;
    if (link == null || !stores()) {
      String why = state == State.CONNECTED ? "it is only read from yet" : reason;
      throw new IllegalStateException("sub-host " + identity.name() + ": " + why);
    }
    return link;
  }

  /** Closes a connection that nobody has taken yet. Any thread. */
  void closeUnused() {
    PageLink fresh = nextBulk.getAndSet(null);
    if (fresh != null) {
      fresh.close();
    }
  }

  /** Once nobody uses the connections any more, or on the evictor's thread. */
  void close() {
    closeUnused();
    if (bulk != null) {
      bulk.close();
      bulk = null;
    }
  }
}
