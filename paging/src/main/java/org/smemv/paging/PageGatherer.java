package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;
import org.smemv.linux.UserFaultFd.Outcome;
import org.smemv.placement.PageSize;

/**
 * Brings the pages of a leaving sub-host to the main host in the background, hottest first, as long
 * as the budget has room beyond its headroom. Pages are fetched without being claimed, over a
 * connection of their own; a fault in the meantime goes its own way, and what was fetched for it is
 * thrown away. Owned by the thread of the drain, except {@link #shutdown}.
 */
final class PageGatherer implements AutoCloseable {
  /** A window is so many requests, so that the link is never idle between two. */
  private static final int REQUESTS = 4;

  /** Pages of one request at most; more would save no more calls. */
  private static final int REQUEST_PAGES_MAX = 16;

  /** For less room nobody is asked. */
  private static final int ROOM_PAGES_MIN = 4;

  private static final int CHUNKS = BackgroundPace.PAGES_MAX / REQUEST_PAGES_MAX;

  /** Some pages that are asked for together, and what their entries were. */
  private static final class Chunk {
    final long[] pages = new long[REQUEST_PAGES_MAX];
    final long[] seen = new long[REQUEST_PAGES_MAX];
    final PageBatch batch = new PageBatch();
    long askedNanos;
  }

  private final PageTable table;
  private final ResidentBudget budget;
  private final PageInstaller installer;
  private final SubHost host;
  private final DropQueue copies;
  private final DrainCounters counters;
  private final DrainScan scan;
  private final LongSupplier faults;
  private final BackgroundPace pace = new BackgroundPace();
  private final Chunk[] chunks = new Chunk[CHUNKS];
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory =
      arena.allocate((long) BackgroundPace.PAGES_MAX * PageSize.BYTES, PageSize.BYTES);
  private final SourceLink link;
  private volatile boolean stopped;
  private long asked;
  private long answered;
  private int underWay;
  private int requestPages = 1;

  /**
   * @param copies receives the pages whose copies are to be dropped
   * @param faults how often the guest has waited for a page of another host so far
   */
  PageGatherer(
      PageTable table,
      ResidentBudget budget,
      PageInstaller installer,
      SubHosts hosts,
      SubHost host,
      DropQueue copies,
      DrainCounters counters,
      LongSupplier faults) {
    this.table = table;
    this.budget = budget;
    this.installer = installer;
    this.host = host;
    this.copies = copies;
    this.counters = counters;
    this.faults = faults;
    this.link = new SourceLink(hosts, host, TrafficClass.PREFETCH, 0, counters);
    this.scan = new DrainScan(table, host.identity().index(), true);
    for (int i = 0; i < chunks.length; i++) {
      chunks[i] = new Chunk();
    }
  }

  /**
   * Gathers until there is no page or no room left, or the sub-host is lost.
   *
   * @return true when some came
   */
  boolean gather() {
    asked = 0;
    answered = 0;
    underWay = 0;
    if (!hasRoom()) {
      return false;
    }
    long before = counters.gathered();
    try {
      PageLink source = link.get();
      if (source != null) {
        gatherOver(source);
      }
    } catch (PageLinkException e) {
      link.lose(e); // nothing was claimed for what is under way, so nothing is to be undone
    }
    return counters.gathered() > before;
  }

  private void gatherOver(PageLink source) {
    while (true) {
      while (mayAsk() && fill(chunk(asked))) {
        chunk(asked).askedNanos = System.nanoTime();
        source.requestPages(chunk(asked).batch);
        underWay += chunk(asked).batch.size();
        asked++;
      }
      if (asked == answered) {
        return;
      }
      source.receivePages(chunk(answered).batch);
      pace.answered(System.nanoTime() - chunk(answered).askedNanos);
      counters.gathered(install(chunk(answered)));
      underWay -= chunk(answered).batch.size();
      answered++;
    }
  }

  private Chunk chunk(long number) {
    return chunks[(int) (number % chunks.length)];
  }

  /** Sets how many pages the next request is for. */
  private boolean mayAsk() {
    int window = pace.window(faults.getAsLong(), System.nanoTime());
    requestPages = (int) Math.min(Math.min(window / REQUESTS, REQUEST_PAGES_MAX), room());
    return hasRoom() && asked - answered < chunks.length && underWay + requestPages <= window;
  }

  private boolean hasRoom() {
    return !stopped && room() >= ROOM_PAGES_MIN;
  }

  /** For pages that were not asked for yet. */
  private long room() {
    return budget.spare() - underWay;
  }

  private boolean fill(Chunk chunk) {
    int count = scan.next(chunk.pages, chunk.seen, requestPages);
    chunk.batch.clear();
    long at = memory.address() + asked % chunks.length * REQUEST_PAGES_MAX * PageSize.BYTES;
    for (int i = 0; i < count; i++) {
      chunk.batch.add(chunk.pages[i], 0, 0, at + (long) i * PageSize.BYTES);
    }
    return count > 0;
  }

  private int install(Chunk chunk) {
    int installed = 0;
    for (int i = 0; i < chunk.batch.size(); i++) {
      installed += install(chunk, i) ? 1 : 0;
    }
    return installed;
  }

  private boolean install(Chunk chunk, int index) {
    long page = chunk.pages[index];
    long seen = chunk.seen[index];
    if (!isCurrent(chunk, index)) {
      if (table.get(page) == seen) {
        counters.stalled(
            "sub-host %s does not have page %d as the page table knows it"
                .formatted(host.identity().name(), page));
      }
      return false;
    }
    if (!budget.tryTake()) {
      return false;
    }
    if (!table.compareAndSet(page, seen, seen | PageEntry.FETCHING)) {
      budget.release(1);
      return false;
    }
    boolean givenUp = PageFlags.isGivenUp(chunk.batch.flags(index));
    return installed(page, seen, givenUp, install(page, chunk.batch, index));
  }

  private static boolean isCurrent(Chunk chunk, int index) {
    int flags = chunk.batch.flags(index);
    int found = PageFlags.isZero(flags) ? PageChecksum.ZERO_PAGE : chunk.batch.checksum(index);
    if (PageFlags.isGivenUp(flags)) {
      return true;
    }
    return !PageFlags.isAbsent(flags) && PageEntry.expects(chunk.seen[index], found);
  }

  private Outcome install(long page, PageBatch batch, int index) {
    return PageFlags.isZero(batch.flags(index))
        ? installer.zeros(page, 1)
        : installer.contents(page, batch.address(index), true);
  }

  private boolean installed(long page, long seen, boolean givenUp, Outcome outcome) {
    if (outcome != Outcome.INSTALLED && outcome != Outcome.PRESENT) {
      table.set(page, seen);
      budget.release(1);
      // Whoever touched it while it was claimed here has to fault again to be served.
      installer.wake(page);
      counters.stalled("page " + page + " could not be installed: " + outcome);
      return false;
    }
    table.set(
        page,
        PageEntry.residentWithCopy(
            PageEntry.host(seen), PageEntry.checksum(seen), PageEntry.heat(seen)));
    // Who knows what is there if another filled it; and what was given up is not what was told.
    table.changed().note(page, outcome == Outcome.INSTALLED && !givenUp);
    copies.offer(page);
    return true;
  }

  /** Ends what is under way soon. Any thread. */
  void shutdown() {
    stopped = true;
    link.shutdown();
  }

  @Override
  public void close() {
    link.close();
    arena.close();
  }
}
