package org.smemv.paging;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.linux.EventFd;
import org.smemv.linux.Poll;
import org.smemv.linux.UserFaultFd;
import org.smemv.linux.UserFaultFd.Outcome;

/**
 * Serves the page faults of one VM. One platform thread reads the faults, asks the sub-hosts, takes
 * their answers and installs the pages: a fault passes through no other thread on this host, and
 * the thread looks again for a short while before it sleeps, because waking it costs more than a
 * round trip.
 *
 * <p>For each fault the page's entry decides: zeros are made here (with a growing run of neighbours
 * while the guest walks through fresh memory), a remote page is fetched, a page that the evictor is
 * taking out waits until that is done, and a page for which the budget has no room waits for the
 * evictor. Waiting pages are looked at again on {@link #lookAgain()}.
 */
final class FaultLoop implements FaultLink.Answers, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FaultLoop.class);

  /** Zeros made in one call at most: 1 MiB. */
  private static final int ZERO_RUN_MAX = 256;

  /** A page that was fetched starts this warm, so that it survives a few sweeps of the evictor. */
  private static final int FETCHED_HEAT = 32;

  private static final int SLEEP_MILLIS = 1000;
  private static final long LOOK_NANOS = 1_000_000_000L;
  private static final long ANSWER_NANOS = 10_000_000_000L;

  /** Entries of the poll set before those of the links. */
  private static final int FIRST_LINK = 2;

  /**
   * How long it looks for an answer that is due before it sleeps: longer than a page takes on a
   * link of 1 Gbit/s to a sub-host that must be woken first.
   */
  private static final long ANSWER_SPIN_NANOS = 250_000;

  private final PageTable table;
  private final ResidentBudget budget;
  private final UserFaultFd faults;
  private final GuestMemory memory;
  private final PageInstaller installer;
  private final FaultCounters counters;
  private final BiConsumer<FaultLink, String> linkLost;
  private final Runnable roomNeeded;
  private final DropQueue copies;
  private final Consumer<Throwable> broken;
  private final long spinNanos;
  private final long answerSpin;

  private final EventFd wakeup = new EventFd();
  private final Poll poll;
  private final @Nullable FaultLink[] links;
  private final ConcurrentLinkedQueue<FaultLink> arrivals = new ConcurrentLinkedQueue<>();
  private final AtomicReferenceArray<@Nullable String> stalls;
  private final AtomicInteger waiting = new AtomicInteger();
  private final PageBacklog backlog = new PageBacklog();
  private long[] retrying = new long[64];
  private volatile boolean running = true;
  private volatile boolean retryAsked;
  private final Thread thread;
  private int zeroRun = 1;
  private long zeroNext = -1;

  /** What the loop works on and whom it tells. */
  record Parts(
      PageTable table,
      ResidentBudget budget,
      UserFaultFd faults,
      GuestMemory memory,
      FaultCounters counters,
      int hostsMax,
      DropQueue copies,
      BiConsumer<FaultLink, String> linkLost,
      Runnable roomNeeded,
      Consumer<Throwable> broken,
      long spinNanos) {}

  FaultLoop(Parts parts) {
    this.table = parts.table();
    this.budget = parts.budget();
    this.faults = parts.faults();
    this.memory = parts.memory();
    this.installer = new PageInstaller(faults, memory);
    this.counters = parts.counters();
    this.linkLost = parts.linkLost();
    this.roomNeeded = parts.roomNeeded();
    this.copies = parts.copies();
    this.broken = parts.broken();
    this.spinNanos = parts.spinNanos();
    this.answerSpin = Math.max(spinNanos, ANSWER_SPIN_NANOS);
    this.links = new FaultLink[parts.hostsMax()];
    this.stalls = new AtomicReferenceArray<>(parts.hostsMax());
    this.poll = new Poll(FIRST_LINK + parts.hostsMax());
    poll.add(faults.fd(), Poll.READABLE);
    poll.add(wakeup.fd(), Poll.READABLE);
    this.thread = Thread.ofPlatform().name("fault-loop").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Hands over a connection to a sub-host; the loop closes it. Any thread. */
  void adopt(FaultLink link) {
    arrivals.add(link);
    wakeup.signal();
  }

  /** Has the pages that wait looked at again: room was made, or an eviction is done. Any thread. */
  void lookAgain() {
    if (waiting.get() > 0) {
      retryAsked = true;
      wakeup.signal();
    }
  }

  /** Faults that wait for room, for an eviction or for a sub-host. Any thread. */
  int waiting() {
    return waiting.get();
  }

  /** Why pages of a sub-host cannot be had now; null when they can. Any thread. */
  @Nullable String stall(int host) {
    return stalls.get(host);
  }

  @SuppressWarnings("ThreadPriorityCheck") // nothing depends on the yield but the time it takes
  private void run() {
    try {
      long idleSince = System.nanoTime();
      long lookedAt = idleSince;
      while (running) {
        long now = System.nanoTime();
        boolean spin = now - idleSince < (answerIsDue() ? answerSpin : spinNanos);
        if (poll.await(spin ? 0 : SLEEP_MILLIS) > 0 && step() > 0) {
          idleSince = System.nanoTime();
        } else if (spin) {
          // On a host with few processors, who makes the awaited thing come true may need this one.
          Thread.yield();
        }
        if (now - lookedAt > LOOK_NANOS) {
          lookAtWhatIsLate(now);
          lookedAt = now;
        }
      }
    } catch (RuntimeException | Error e) {
      if (running) {
        log.error("the fault loop broke; its guest stalls until the memory is attached again", e);
        broken.accept(e);
      }
    }
  }

  private boolean answerIsDue() {
    for (int host = 0; host < poll.size() - FIRST_LINK; host++) {
      FaultLink link = links[host];
      if (link != null && link.underWay() > 0) {
        return true;
      }
    }
    return false;
  }

  private int step() {
    int done = 0;
    if (poll.readable(0)) {
      done += readFaults();
    }
    for (int host = 0; host < poll.size() - FIRST_LINK; host++) {
      FaultLink link = links[host];
      if (link != null && poll.readable(FIRST_LINK + host)) {
        done += receive(link);
      }
    }
    if (poll.readable(1)) {
      wakeup.drain();
      adoptArrivals();
      retryWaiting();
      done++;
    }
    return done;
  }

  /**
   * Once a second: a sub-host may be deaf, and what pages wait for may have come true unnoticed.
   */
  private void lookAtWhatIsLate(long now) {
    for (FaultLink link : links) {
      if (link != null && link.isWaitingSince(now - ANSWER_NANOS)) {
        lose(link, "no answer for " + ANSWER_NANOS / 1_000_000_000 + " s");
      }
    }
    retryAsked = backlog.size() > 0;
    retryWaiting();
  }

  private int readFaults() {
    int count = faults.read();
    long now = System.nanoTime();
    for (int i = 0; i < count; i++) {
      long address = faults.faultAddress(i);
      if (address >= memory.base() && address < memory.end()) {
        serve(memory.pageAt(address), now);
      }
    }
    publishWaiting();
    return count;
  }

  /**
   * Says how many pages wait, and looks at them once more: what they wait for may have come true
   * just before it could be known that somebody waits.
   */
  private void publishWaiting() {
    if (backlog.size() > waiting.getAndSet(backlog.size())) {
      retryAsked = true;
      retryWaiting();
    }
  }

  private void serve(long page, long now) {
    long entry = table.get(page);
    if (PageEntry.has(entry, PageEntry.FETCHING)) {
      counters.repeatedFault();
    } else if (PageEntry.has(entry, PageEntry.EVICTING)) {
      backlog.add(page);
    } else {
      switch (PageEntry.place(entry)) {
        case PageEntry.ZERO -> makeZeros(page, entry);
        case PageEntry.RESIDENT -> fillGivenUp(page, entry);
        default -> fetch(page, entry, now);
      }
    }
  }

  private boolean claim(long page, long entry) {
    if (table.compareAndSet(page, entry, entry | PageEntry.FETCHING)) {
      return true;
    }
    // Another thread changed the entry this very moment: look at the page again at once.
    backlog.add(page);
    retryAsked = true;
    wakeup.signal();
    return false;
  }

  /**
   * A fault on a page that the table calls resident: either another thread's fault brought it in
   * the meantime, or the guest's balloon gave it up, and then it reads as zeros.
   */
  private void fillGivenUp(long page, long entry) {
    if (!claim(page, entry)) {
      return;
    }
    Outcome outcome = installer.zeros(page, 1);
    clearFetching(page);
    if (outcome == Outcome.PRESENT) {
      counters.repeatedFault();
    } else if (outcome == Outcome.INSTALLED) {
      counters.zeroFilled(1);
    } else {
      backlog.add(page);
    }
  }

  /**
   * The evictor's thread may clear the COPY mark of a claimed page, so no whole entry is written.
   */
  private void clearFetching(long page) {
    long entry = table.get(page);
    while (!table.compareAndSet(page, entry, entry & ~PageEntry.FETCHING)) {
      entry = table.get(page);
    }
  }

  private void makeZeros(long page, long entry) {
    if (!budget.tryTake()) {
      waitForRoom(page);
      return;
    }
    if (!claim(page, entry)) {
      budget.release(1);
      return;
    }
    zeroRun = page == zeroNext ? Math.min(zeroRun * 2, ZERO_RUN_MAX) : 1;
    int count = 1;
    while (count < zeroRun && claimNeighbour(page + count)) {
      count++;
    }
    zeroNext = page + count;
    install(page, count);
    if (budget.isTight()) {
      roomNeeded.run();
    }
  }

  private boolean claimNeighbour(long page) {
    if (page >= table.pages() || budget.isTight()) {
      return false;
    }
    long entry = table.get(page);
    if (PageEntry.place(entry) != PageEntry.ZERO || PageEntry.has(entry, PageEntry.BUSY)) {
      return false;
    }
    if (!table.compareAndSet(page, entry, entry | PageEntry.FETCHING)) {
      return false;
    }
    if (budget.tryTake()) {
      return true;
    }
    table.set(page, entry);
    return false;
  }

  private void install(long page, int count) {
    if (installer.zeros(page, count) == Outcome.INSTALLED) {
      for (int i = 0; i < count; i++) {
        becomeResident(page + i);
      }
      return;
    }
    // Something in the run was there already, or there is no memory: one at a time finds out.
    for (int i = 0; i < count; i++) {
      Outcome outcome = installer.zeros(page + i, 1);
      if (outcome == Outcome.INSTALLED || outcome == Outcome.PRESENT) {
        becomeResident(page + i);
      } else {
        unclaim(page + i);
      }
    }
  }

  private void becomeResident(long page) {
    table.set(page, PageEntry.resident(PageEntry.heat(table.get(page))));
    counters.zeroFilled(1);
  }

  private void fetch(long page, long entry, long now) {
    int host = PageEntry.host(entry);
    FaultLink link = host < links.length ? links[host] : null;
    if (link == null) {
      backlog.add(page);
      return;
    }
    if (!budget.tryTake()) {
      waitForRoom(page);
      return;
    }
    if (!claim(page, entry)) {
      budget.release(1);
      return;
    }
    ask(link, page, now);
    if (budget.isTight()) {
      roomNeeded.run();
    }
  }

  private void ask(FaultLink link, long page, long now) {
    try {
      if (!link.request(page, now)) {
        unclaim(page);
      }
    } catch (RuntimeException e) {
      lose(link, e.toString());
    }
  }

  /** A claimed page goes back to waiting. */
  private void unclaim(long page) {
    table.set(page, table.get(page) & ~PageEntry.FETCHING);
    budget.release(1);
    backlog.add(page);
  }

  private void waitForRoom(long page) {
    backlog.add(page);
    roomNeeded.run();
  }

  private int receive(FaultLink link) {
    try {
      return link.receive(this);
    } catch (RuntimeException e) {
      lose(link, String.valueOf(e.getMessage()));
      return 1;
    } finally {
      waiting.set(backlog.size());
    }
  }

  @Override
  public void contents(FaultLink link, long page, MemorySegment from, long at, long started) {
    long entry = table.get(page);
    if (PageChecksum.of(from, at) != PageEntry.checksum(entry)) {
      counters.refusedContents();
      missing(link, page, "the contents that came are not the page's current ones");
      return;
    }
    installed(link, installer.contents(page, from.address() + at, true), page, entry, started);
  }

  @Override
  public void zeros(FaultLink link, long page, long started) {
    long entry = table.get(page);
    if (PageEntry.checksum(entry) != PageChecksum.ZERO_PAGE) {
      counters.refusedContents();
      missing(link, page, "zeros came, which are not the page's current contents");
      return;
    }
    installed(link, installer.zeros(page, 1), page, entry, started);
  }

  private void installed(FaultLink link, Outcome outcome, long page, long entry, long started) {
    if (outcome != Outcome.INSTALLED && outcome != Outcome.PRESENT) {
      // The sub-host keeps the page, so nothing is lost by asking again.
      unclaim(page);
      return;
    }
    if (stalls.get(link.host()) != null) {
      stalls.set(link.host(), null);
    }
    table.set(
        page,
        PageEntry.residentWithCopy(PageEntry.host(entry), PageEntry.checksum(entry), FETCHED_HEAT));
    counters.remoteFilled(System.nanoTime() - started);
    copies.offer(page);
  }

  @Override
  public void missing(FaultLink link, long page, String why) {
    stalls.set(link.host(), "page " + page + ": " + why);
    unclaim(page);
  }

  private void lose(FaultLink link, String why) {
    links[link.host()] = null;
    poll.replace(FIRST_LINK + link.host(), -1, Poll.READABLE);
    stalls.set(link.host(), "connection lost: " + why);
    link.eachUnderWay(this::unclaim);
    waiting.set(backlog.size());
    link.close();
    linkLost.accept(link, why);
  }

  private void adoptArrivals() {
    for (FaultLink link = arrivals.poll(); link != null; link = arrivals.poll()) {
      FaultLink before = links[link.host()];
      if (before != null) {
        before.eachUnderWay(this::unclaim);
        before.close();
      }
      links[link.host()] = link;
      while (poll.size() <= FIRST_LINK + link.host()) {
        poll.add(-1, Poll.READABLE);
      }
      poll.replace(FIRST_LINK + link.host(), link.fd(), Poll.READABLE);
      stalls.set(link.host(), null);
      retryAsked = true;
    }
  }

  private void retryWaiting() {
    if (!retryAsked) {
      return;
    }
    retryAsked = false;
    int count = backlog.size();
    retrying = backlog.takeAll(retrying);
    long now = System.nanoTime();
    for (int i = 0; i < count; i++) {
      serve(retrying[i], now);
    }
    waiting.set(backlog.size());
  }

  @Override
  public void close() {
    running = false;
    wakeup.signal();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (FaultLink link : links) {
      if (link != null) {
        link.close();
      }
    }
    arrivals.forEach(FaultLink::close);
    poll.close();
    wakeup.close();
  }
}
