package org.smemv.paging;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.UserFaultFd.Outcome;

/**
 * Decides what a fault needs, by the page's entry: zeros are made here (with a growing run of
 * neighbours while the guest walks through fresh memory), a remote page is fetched, a page that the
 * evictor is taking out waits until that is done, and a page for which the budget has no room waits
 * for the evictor.
 *
 * <p>Owned by the fault loop's thread, except {@link #waiting} and {@link #stall}. A page is
 * claimed by its FETCHING mark before anything is done to it, and pages that cannot be filled now
 * are kept in a backlog that is looked at again.
 */
final class PageFiller implements FaultLink.Answers {
  /** The connections to ask, as the fault loop has them now. */
  interface Links {
    /** Null while the sub-host cannot be reached. */
    @Nullable FaultLink to(int host);

    /** The connection broke while it was used. */
    void lose(FaultLink link, String why);
  }

  /** Zeros made in one call at most: 1 MiB. */
  private static final int ZERO_RUN_MAX = 256;

  /** A page that was fetched starts this warm, so that it survives a few sweeps of the evictor. */
  private static final int FETCHED_HEAT = 32;

  private final PageTable table;
  private final ResidentBudget budget;
  private final PageInstaller installer;
  private final FaultCounters counters;
  private final DropQueue copies;
  private final Runnable roomNeeded;
  private final Links links;
  private final AtomicReferenceArray<@Nullable String> stalls;
  private final AtomicInteger waiting = new AtomicInteger();
  private final PageBacklog backlog = new PageBacklog();
  private long[] retrying = new long[64];
  private boolean retryAtOnce;
  private int zeroRun = 1;
  private long zeroNext = -1;

  PageFiller(
      PageTable table,
      ResidentBudget budget,
      PageInstaller installer,
      FaultCounters counters,
      DropQueue copies,
      Runnable roomNeeded,
      Links links,
      int hostsMax) {
    this.table = table;
    this.budget = budget;
    this.installer = installer;
    this.counters = counters;
    this.copies = copies;
    this.roomNeeded = roomNeeded;
    this.links = links;
    this.stalls = new AtomicReferenceArray<>(hostsMax);
  }

  /** Pages that wait for room, for an eviction or for a sub-host. Any thread. */
  int waiting() {
    return waiting.get();
  }

  /** Why pages of a sub-host cannot be had now; null when they can. Any thread. */
  @Nullable String stall(int host) {
    return stalls.get(host);
  }

  void stall(int host, @Nullable String why) {
    stalls.set(host, why);
  }

  /** The pages that a lost connection was asked for wait again. */
  void giveBack(FaultLink link) {
    link.eachUnderWay(this::unclaim);
    waiting.set(backlog.size());
  }

  /**
   * Ends a number of {@link #fill} calls: says how many pages wait, and looks at them once more,
   * because what they wait for may have come true just before it could be known that somebody
   * waits.
   */
  void endOfFaults() {
    if (backlog.size() > waiting.getAndSet(backlog.size())) {
      retryWaiting();
    }
  }

  /** Ends a number of answers. */
  void endOfAnswers() {
    waiting.set(backlog.size());
  }

  /** For the log: how many pages wait, and what the table says of the first. */
  String describeWaiting() {
    long page = backlog.first();
    return "%d pages, the first is %d with entry %016x; %d of %d pages are resident"
        .formatted(backlog.size(), page, table.get(page), budget.resident(), budget.limit());
  }

  /** Looks at all waiting pages again. */
  void retryWaiting() {
    do {
      retryAtOnce = false;
      int count = backlog.size();
      retrying = backlog.takeAll(retrying);
      long now = System.nanoTime();
      for (int i = 0; i < count; i++) {
        fill(retrying[i], now);
      }
    } while (retryAtOnce);
    waiting.set(backlog.size());
  }

  /** A thread of the guest waits for a page. */
  void fill(long page, long now) {
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
    retryAtOnce = true;
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

  /** Claims a page that will take room; when there is none, or no claim, it waits. */
  private boolean claimWithRoom(long page, long entry) {
    if (!budget.tryTake()) {
      waitForRoom(page);
      return false;
    }
    if (!claim(page, entry)) {
      budget.release(1);
      return false;
    }
    return true;
  }

  private void makeZeros(long page, long entry) {
    if (!claimWithRoom(page, entry)) {
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
    FaultLink link = links.to(host);
    if (link == null) {
      backlog.add(page);
      return;
    }
    if (!claimWithRoom(page, entry)) {
      return;
    }
    ask(link, page, now);
    if (budget.isTight()) {
      roomNeeded.run();
    }
  }

  private void ask(FaultLink link, long page, long now) {
    try {
      link.request(page, now);
    } catch (RuntimeException e) {
      links.lose(link, e.toString());
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

  @Override
  public void contents(
      FaultLink link, long page, int stated, MemorySegment from, long at, long started) {
    long entry = table.get(page);
    int checksum = PageChecksum.of(from, at);
    if (checksum != stated || !PageEntry.expects(entry, checksum)) {
      counters.refusedContents();
      missing(link, page, "the contents that came are not the page's current ones");
      return;
    }
    Outcome outcome = installer.contents(page, from.address() + at, true);
    installed(link, outcome, false, page, entry, started);
  }

  @Override
  public void zeros(FaultLink link, long page, boolean givenUp, long started) {
    long entry = table.get(page);
    if (!givenUp && !PageEntry.expects(entry, PageChecksum.ZERO_PAGE)) {
      counters.refusedContents();
      missing(link, page, "zeros came, which are not the page's current contents");
      return;
    }
    installed(link, installer.zeros(page, 1), givenUp, page, entry, started);
  }

  private void installed(
      FaultLink link, Outcome outcome, boolean givenUp, long page, long entry, long started) {
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
    // Who knows what is there if another filled it; and what was given up is not what was told.
    table.changed().note(page, outcome == Outcome.INSTALLED && !givenUp);
    counters.remoteFilled(System.nanoTime() - started);
    copies.offer(page);
  }

  @Override
  public void missing(FaultLink link, long page, String why) {
    stalls.set(link.host(), "page " + page + ": " + why);
    unclaim(page);
  }
}
