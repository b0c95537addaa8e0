package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Fetches pages for a VM that arrives from the sub-hosts where they are said to be, as a drain
 * does, in random order: one thread, until it is closed.
 */
final class FetchingMain implements AutoCloseable {
  private final ArrivingMain main;
  private final SplittableRandom random;
  private final PageLink[] links;
  private final Thread thread;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final PageBitmap fetched;
  private volatile boolean running = true;

  /**
   * @param subHosts in the order of their numbers there
   */
  FetchingMain(ArrivingMain main, long epoch, long seed, InetSocketAddress... subHosts) {
    this.main = main;
    this.fetched = new PageBitmap(main.table.pages());
    this.random = new SplittableRandom(seed);
    this.links = new PageLink[subHosts.length];
    for (int i = 0; i < links.length; i++) {
      links[i] =
          PageLink.open(
              new LinkTarget(
                  subHosts[i],
                  main.table.vm(),
                  epoch,
                  TrafficClass.PREFETCH,
                  0,
                  "main",
                  Duration.ofSeconds(10)));
    }
    this.thread = Thread.ofPlatform().name("fetching-main").start(this::run);
  }

  /** Different pages that came. */
  long fetched() {
    return fetched.count();
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment contents = arena.allocate(4096, 4096);
      while (running) {
        fetch(random.nextLong(main.table.pages()), contents);
      }
    } catch (Throwable e) {
      failure.set(e);
    }
  }

  private void fetch(long page, MemorySegment contents) {
    long seen = main.table.get(page);
    if (PageEntry.place(seen) != PageEntry.REMOTE) {
      return;
    }
    PageBatch batch = new PageBatch();
    batch.add(page);
    links[PageEntry.host(seen)].get(batch, contents);
    if (PageFlags.isAbsent(batch.flags(0)) || batch.checksum(0) != PageEntry.checksum(seen)) {
      return; // it has left there meanwhile
    }
    if (main.table.compareAndSet(page, seen, seen | PageEntry.FETCHING)) {
      main.budget.takeAll(1);
      main.ram.mapped().asSlice(page * 4096, 4096).copyFrom(contents);
      main.table.set(
          page,
          PageEntry.residentWithCopy(
              PageEntry.host(seen), PageEntry.checksum(seen), PageEntry.heat(seen)));
      boolean ignored = fetched.add(page);
    }
  }

  @Override
  public void close() {
    running = false;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (PageLink link : links) {
      link.close();
    }
    Throwable failed = failure.get();
    if (failed != null) {
      throw new AssertionError("the new main host could not fetch", failed);
    }
  }
}
