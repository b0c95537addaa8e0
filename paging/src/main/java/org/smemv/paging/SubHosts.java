package org.smemv.paging;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
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
  private static final long RETRY_MILLIS = 1000;

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
  private final List<SubHost> hosts = new CopyOnWriteArrayList<>();
  private final Doorbell work = new Doorbell();
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
    this(new Caller(vm, epoch, caller), false);
  }

  private SubHosts(Caller caller, boolean reading) {
    this.caller = caller;
    this.reading = reading;
    this.keeper = Thread.ofPlatform().name("sub-hosts").daemon().unstarted(this::keepConnected);
  }

  /**
   * As the constructor, but only for reading until {@link #takeOver()}: an older main host goes on
   * working with the same sub-hosts meanwhile.
   */
  public static SubHosts reading(UUID vm, long epoch, String caller) {
    return new SubHosts(new Caller(vm, epoch, caller), true);
  }

  /**
   * Pages may be stored and dropped from now on, as soon as each sub-host is connected for it; that
   * fences every older main host off. May be repeated. Any thread.
   */
  public void takeOver() {
    reading = false;
    work.ring();
  }

  /**
   * Adds a sub-host; in the order of their indexes.
   *
   * @throws IllegalArgumentException when the index is not the next one
   */
  public void add(SubHost.Identity identity, long grantPages) {
    if (identity.index() != hosts.size() || identity.index() >= HOSTS_MAX) {
      throw new IllegalArgumentException(
          "sub-host "
              + identity.name()
              + " has index "
              + identity.index()
              + ", expected "
              + hosts.size());
    }
    hosts.add(new SubHost(identity, grantPages));
    work.ring();
  }

  /** All sub-hosts, by index. */
  public List<SubHost> all() {
    return List.copyOf(hosts);
  }

  /** How many there are. */
  public int count() {
    return hosts.size();
  }

  /** Counts a page as held by a sub-host, when the page table is read or written by others. */
  public void countUsed(int host, long pages) {
    if (host < hosts.size()) {
      hosts.get(host).addUsed(pages);
    }
  }

  void start(Consumer<FaultLink> connected, Runnable returned) {
    onConnected = connected;
    onReturn = returned;
    keeper.start();
  }

  /** A connection broke; it is made again. Any thread. */
  void lost(FaultLink link, String why) {
    hosts.get(link.host()).lost(link.connection(), why);
    work.ring();
  }

  private void keepConnected() {
    while (running) {
      for (SubHost host : hosts) {
        if (host.beginConnecting(!reading)) {
          // A host that does not answer must not keep others from being reached again.
          connectors.add(Thread.ofPlatform().name("sub-host").daemon().start(() -> connect(host)));
        }
      }
      work.await(RETRY_MILLIS);
      connectors.removeIf(thread -> !thread.isAlive());
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
      if (!running) {
        faults.close();
        return;
      }
      onReturn.run();
      onConnected.accept(new FaultLink(host.identity().index(), number, faults));
    } catch (RuntimeException e) {
      log.debug("VM {}: sub-host {} not connected: {}", caller.vm(), name, e.toString());
    } finally {
      host.endConnecting();
    }
  }

  @Override
  public int choose(int pages) {
    int best = -1;
    double bestFree = 0;
    for (SubHost host : hosts) {
      if (host.hasRoomFor(pages) && host.freePart() > bestFree) {
        best = host.identity().index();
        bestFree = host.freePart();
      }
    }
    return best;
  }

  @Override
  public void put(int host, PageBatch pages) {
    SubHost target = hosts.get(host);
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
    SubHost target = hosts.get(host);
    exchange(target, link -> link.drop(pages));
  }

  @Override
  public void dropped(int host, int pages) {
    hosts.get(host).addUsed(-pages);
  }

  @Override
  public boolean hasForgotten(int host) {
    return hosts.get(host).state() == SubHost.State.FORGOTTEN;
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
    hosts.forEach(SubHost::close);
  }
}
