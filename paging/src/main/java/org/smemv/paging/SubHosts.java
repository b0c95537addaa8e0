package org.smemv.paging;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sub-hosts of one VM, kept connected: one thread connects to each that is not, and tries again
 * a second later. What depends on a sub-host that is away waits; everything else goes on.
 */
public final class SubHosts implements SwapTargets, AutoCloseable {
  /** Sub-hosts of one VM at most. */
  public static final int HOSTS_MAX = 64;

  private static final Logger log = LoggerFactory.getLogger(SubHosts.class);

  /** Short, because whoever ends a pager waits for whoever connects. */
  private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(5);

  private static final long RETRY_MILLIS = 1000;

  private static final ThreadFactory CONNECTORS =
      Thread.ofPlatform().name("sub-host").daemon().factory();

  /**
   * Who connects.
   *
   * @param vm the VM
   * @param epoch its epoch
   * @param name this host's name
   */
  record Caller(UUID vm, long epoch, String name) {}

  private final Caller caller;
  private final AtomicLong connections = new AtomicLong();
  private volatile boolean reading;
  private final AtomicReferenceArray<@Nullable SubHost> hosts =
      new AtomicReferenceArray<>(HOSTS_MAX);
  private final List<SubHost> retired = new CopyOnWriteArrayList<>();
  private final Doorbell work = new Doorbell();
  private final ThreadFactory threads;
  private final Thread keeper;
  private final List<Thread> connectors = new CopyOnWriteArrayList<>();
  private volatile boolean running = true;
  private volatile Consumer<FaultLink> onConnected = FaultLink::close;
  private volatile Runnable onReturn = () -> {};

  /**
   * @param vm the VM
   * @param epoch its epoch, which fences off every older main host and agent
   * @param caller this host's name
   */
  public SubHosts(UUID vm, long epoch, String caller) {
    this(new Caller(vm, epoch, caller), false, CONNECTORS);
  }

  /**
   * @param threads makes those that connect, daemons
   */
  SubHosts(Caller caller, boolean reading, ThreadFactory threads) {
    this.caller = caller;
    this.reading = reading;
    this.threads = threads;
    this.keeper = Thread.ofPlatform().name("sub-hosts").daemon().unstarted(this::keepConnected);
  }

  /**
   * As the constructor, but only for reading until {@link #takeOver()}: an older main host goes on
   * working with the same sub-hosts meanwhile.
   */
  public static SubHosts reading(UUID vm, long epoch, String caller) {
    return new SubHosts(new Caller(vm, epoch, caller), true, CONNECTORS);
  }

  /**
   * Pages may be stored and dropped from now on, as soon as each sub-host is connected for it; that
   * fences every older main host off. May be repeated. Any thread.
   *
   * @return false when that was so before
   */
  public synchronized boolean takeOver() {
    boolean first = reading;
    reading = false;
    work.ring();
    return first;
  }

  /**
   * Adds a sub-host, at any time. Any thread.
   *
   * @throws IllegalArgumentException when the index is not 0..63, or another sub-host has it
   */
  public synchronized void add(SubHost.Identity identity, long grantPages) {
    SubHost before = at(identity.index());
    if (before != null || identity.index() < 0 || identity.index() >= HOSTS_MAX) {
      throw new IllegalArgumentException(
          "sub-host %s cannot have index %d: %s"
              .formatted(
                  identity.name(),
                  identity.index(),
                  before == null ? "it is not in 0..63" : before.identity().name() + " has it"));
    }
    hosts.set(identity.index(), new SubHost(identity, grantPages));
    work.ring();
  }

  /**
   * Forgets a sub-host of which no entry of the page table names a page; its index is free for
   * another one. Any thread.
   *
   * @return the sub-host, whose connections the evictor's thread is to close; null when there was
   *     none
   */
  synchronized @Nullable SubHost forget(int host) {
    SubHost gone = at(host);
    if (gone != null) {
      hosts.set(host, null);
      retired.add(gone);
    }
    return gone;
  }

  /** What every frame to a sub-host carries. */
  long epoch() {
    return caller.epoch();
  }

  /** All sub-hosts, in the order of their indexes, of which some may be free. */
  public List<SubHost> all() {
    List<SubHost> present = new ArrayList<>();
    for (int i = 0; i < HOSTS_MAX; i++) {
      SubHost host = hosts.get(i);
      if (host != null) {
        present.add(host);
      }
    }
    return List.copyOf(present);
  }

  /** The sub-host with an index; null when there is none. */
  public @Nullable SubHost at(int index) {
    return index >= 0 && index < HOSTS_MAX ? hosts.get(index) : null;
  }

  /** What a person calls the sub-host with an index. */
  String name(int index) {
    SubHost host = at(index);
    return host == null ? Integer.toString(index) : host.identity().name();
  }

  private SubHost get(int index) {
    SubHost host = at(index);
    if (host == null) {
      throw new IllegalStateException("there is no sub-host with index " + index);
    }
    return host;
  }

  /**
   * One more than the highest index of a sub-host; as many as there are when none was forgotten.
   */
  public int count() {
    int count = HOSTS_MAX;
    while (count > 0 && hosts.get(count - 1) == null) {
      count--;
    }
    return count;
  }

  /** Counts pages as held by a sub-host, when the page table is read or written by others. */
  public void countUsed(int host, long pages) {
    SubHost held = at(host);
    if (held != null) {
      held.addUsed(pages);
    }
  }

  void start(Consumer<FaultLink> connected, Runnable returned) {
    onConnected = connected;
    onReturn = returned;
    keeper.start();
  }

  /** A connection broke; it is made again. Any thread. */
  void lost(FaultLink link, String why) {
    SubHost host = at(link.host());
    if (host != null) {
      host.lost(link.connection(), why);
      work.ring();
    }
  }

  private void keepConnected() {
    while (running) {
      try {
        connectors.removeIf(thread -> !thread.isAlive());
        connectAll();
      } catch (RuntimeException | Error e) { // whoever waits for a sub-host would wait for ever
        log.error("VM {}: connecting to its sub-hosts broke, and is tried again", caller.vm(), e);
      }
      work.await(RETRY_MILLIS);
    }
  }

  private void connectAll() {
    for (SubHost host : all()) {
      if (host.beginConnecting(!reading)) {
        beginToConnect(host);
      }
    }
  }

  /** A host that does not answer must not keep others from being reached again. */
  private void beginToConnect(SubHost host) {
    try {
      Thread connector = threads.newThread(() -> connect(host));
      connectors.add(connector);
      connector.start();
    } catch (RuntimeException | Error e) { // no thread can be made now; a second later one may
      host.endConnecting();
      log.warn("VM {}: sub-host {}: {}", caller.vm(), host.identity().name(), e.toString());
    }
  }

  private void connect(SubHost host) {
    String name = host.identity().name();
    try {
      if (host.state() == SubHost.State.CONNECTED) {
        host.connectStores(caller);
        log.info("VM {}: taken over at sub-host {}", caller.vm(), name);
        onReturn.run();
        return;
      }
      long number = connections.incrementAndGet();
      PageLink faults = host.connect(caller, number, !reading);
      log.info("VM {}: connected to sub-host {}", caller.vm(), name);
      handOver(host, number, faults);
    } catch (RuntimeException e) {
      log.debug("VM {}: sub-host {} not connected: {}", caller.vm(), name, e.toString());
      if (host.becameForgotten()) {
        onReturn.run(); // copies that it was to drop are gone with it
      }
    } finally {
      host.endConnecting();
      if (at(host.identity().index()) != host) {
        host.closeUnused();
      }
    }
  }

  /** Not while the sub-host is being forgotten: another one may get its index next. */
  private synchronized void handOver(SubHost host, long number, PageLink faults) {
    if (!running || at(host.identity().index()) != host) {
      faults.close();
      return;
    }
    onReturn.run();
    onConnected.accept(new FaultLink(host.identity().index(), number, faults));
  }

  /**
   * Opens one more connection to a sub-host, for the caller alone.
   *
   * @throws PageLinkException when it cannot be reached or has forgotten the VM
   */
  PageLink open(SubHost host, TrafficClass traffic, int lane) {
    LinkTarget target = host.target(caller, traffic, lane);
    return PageLink.open(
        new LinkTarget(
            target.address(),
            target.vm(),
            target.epoch(),
            traffic,
            lane,
            target.caller(),
            OPEN_TIMEOUT));
  }

  @Override
  public int choose(int pages) {
    return choose(pages, host -> true);
  }

  /** As the other, among those that are allowed. Any thread. */
  int choose(int pages, IntPredicate allowed) {
    int best = -1;
    double bestFree = 0;
    for (int i = 0; i < HOSTS_MAX; i++) {
      SubHost host = hosts.get(i);
      if (host != null && host.hasRoomFor(pages) && host.freePart() > bestFree && allowed.test(i)) {
        best = i;
        bestFree = host.freePart();
      }
    }
    return best;
  }

  @Override
  public void put(int host, PageBatch pages) {
    SubHost target = get(host);
    // Counted before, so that what may be there is never more than what is counted.
    target.addUsed(pages.size());
    try {
      exchange(target, link -> link.put(pages));
    } catch (PageLinkException e) {
      if (e.code() == ErrorCode.CAPACITY) {
        target.refusedForRoom();
      }
      throw e;
    }
  }

  @Override
  public void drop(int host, PageBatch pages) {
    SubHost target = get(host);
    exchange(target, link -> link.drop(pages));
  }

  @Override
  public void dropped(int host, int pages) {
    countUsed(host, -pages);
  }

  @Override
  public boolean hasForgotten(int host) {
    SubHost asked = at(host);
    return asked == null || asked.state() == SubHost.State.FORGOTTEN || asked.isGivenUp();
  }

  /**
   * Asks a sub-host what it holds; on the evictor's thread.
   *
   * @return where to go on; 0 when there is no more
   * @throws RuntimeException when it cannot be reached or refuses
   */
  long list(int host, long first, PageBatch into) {
    long[] next = new long[1];
    exchange(get(host), link -> next[0] = link.list(first, PageBatch.CAPACITY, into));
    return next[0];
  }

  private void exchange(SubHost host, Consumer<PageLink> request) {
    long connection = host.connection();
    try {
      request.accept(host.bulk());
    } catch (PageLinkException e) {
      if (e.isLost()) {
        host.lost(connection, String.valueOf(e.getMessage()));
        work.ring();
      }
      throw e;
    }
  }

  @Override
  public void close() {
    running = false;
    work.ring();
    try {
      keeper.join(TimeUnit.SECONDS.toMillis(15));
      for (Thread connector : connectors) {
        connector.join(TimeUnit.SECONDS.toMillis(15));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    all().forEach(SubHost::close);
    retired.forEach(SubHost::close);
  }
}
