package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** Sub-hosts are emptied, page by page as a test wants it, of a process that reads single pages. */
@Timeout(60)
abstract class Drains {
  static final long PAGES = 2048;

  /** So few that all of it is headroom: nothing is gathered. */
  private static final long NO_SPARE = 256;

  DrainFixture fixture;
  ReadingGuest guest;
  final CountDownLatch gate = new CountDownLatch(1);
  final AtomicInteger standing = new AtomicInteger();

  @BeforeEach
  void start() throws Exception {
    fixture = new DrainFixture(PAGES, NO_SPARE, 3);
    guest = new ReadingGuest(fixture.ram);
  }

  @AfterEach
  void stop() throws Exception {
    gate.countDown();
    guest.close();
    fixture.close();
    assertThat(fixture.broken).isEmpty();
  }

  void attach(int subHosts) throws Exception {
    fixture.attach(guest.pid(), subHosts);
  }

  GuestPager pager() {
    return fixture.pager;
  }

  void place(int host, long first, int count) {
    for (long page = first; page < first + count; page++) {
      fixture.place(host, page, seed(page), 0);
    }
  }

  /** Before anybody connects. */
  void gate(int store) {
    fixture.stores.get(store).between = holder -> new WatchedHolder(holder, this::standAtTheGate);
  }

  /** Requests for several pages wait; single pages, as page faults ask for them, go through. */
  private void standAtTheGate(int pages) {
    if (pages > 1) {
      standing.incrementAndGet();
      try {
        if (!gate.await(30, TimeUnit.SECONDS)) {
          throw new IllegalStateException("the gate was never opened");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Seed 0 would be a page of zeros. */
  static long seed(long page) {
    return page + 1000;
  }

  void assertReads(long page) throws Exception {
    guest.touch(page);
    long wanted = new SplittableRandom(seed(page)).nextLong();
    assertThat(guest.answer()).as("page %d", page).isEqualTo(Long.toString(wanted));
  }

  String stalled(int host) {
    return String.valueOf(pager().draining(host).stalled());
  }
}
