package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/** Single faults of a real process whose pages are on a sub-host. */
@Timeout(90)
class FaultServiceTest {
  private static final Duration ENDS = Duration.ofSeconds(10);
  private static final UUID VM = new UUID(4, 4);
  private static final long PAGES = 512;

  private MemoryDirectory directory;
  private StoreServer sub;
  private ReadingGuest guest;
  private PageTable table;
  private GuestAttachment attachment;
  private GuestPager pager;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    Path ram = directory.resolve("ram");
    MemoryFile.create(ram, PAGES * 4096).close();
    guest = new ReadingGuest(ram);
    sub = new StoreServer(VM, PAGES);
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    attachment = GuestAttachment.attach(guest.pid(), ram, table);
    SubHosts hosts = new SubHosts(VM, 1, "main");
    hosts.add(new SubHost.Identity(0, "s1", sub.address()), PAGES);
    pager = new GuestPager(attachment, hosts, Duration.ofNanos(50_000), failure -> {});
    pager.serveFaults();
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    pager.close();
    attachment.close();
    table.close();
    sub.close();
    directory.close();
  }

  /** Puts a page on the sub-host; returns its checksum. */
  private int store(long page, long value) {
    try (Arena arena = Arena.ofConfined();
        PageLink link = sub.link()) {
      MemorySegment contents = arena.allocate(4096, 4096);
      contents.set(ValueLayout.JAVA_LONG, 0, value);
      int checksum = PageChecksum.of(contents, 0);
      PageBatch batch = new PageBatch();
      batch.add(page, checksum, 0, contents.address());
      link.put(batch);
      return checksum;
    }
  }

  @Test
  void aPageThatManyThreadsWaitForIsAskedForOnce() throws Exception {
    table.set(7, PageEntry.remote(0, store(7, 4711), 0));
    guest.touch(7);

    assertThat(guest.answer()).isEqualTo("4711");
    assertThat(sub.store.status().gets()).isEqualTo(1);
    // The guest runs before the books are closed on its fault.
    await().until(() -> pager.faults().remote() == 1);
  }

  @Test
  void contentsThatAreNotThePagesCurrentOnesNeverReachTheGuest() throws Exception {
    store(9, 1);
    MemorySegment current = Arena.ofAuto().allocate(4096);
    current.set(ValueLayout.JAVA_LONG, 0, 2);
    table.set(9, PageEntry.remote(0, PageChecksum.of(current, 0), 0));
    guest.touch(9);

    await().until(() -> pager.stall(0) != null);
    assertThat(pager.stall(0)).contains("page 9").contains("not the page's current ones");
    assertThat(pager.faults().refused()).isPositive();
    assertThat(guest.hasAnswer()).isFalse();

    store(9, 2);
    assertThat(guest.answer()).isEqualTo("2");
    await().until(() -> pager.stall(0) == null);
  }

  @Test
  void aPageThatTheSubHostDoesNotHaveStallsThatPageAlone() throws Exception {
    table.set(3, PageEntry.remote(0, 99, 0));
    guest.touch(3);

    await().until(() -> pager.stall(0) != null);
    assertThat(pager.stall(0)).contains("page 3").contains("does not have it");
    assertThat(guest.hasAnswer()).isFalse();
  }

  @Test
  void freshMemoryIsMadeHereWithoutAskingAnybody() throws Exception {
    guest.touch(11);

    assertThat(guest.answer()).isEqualTo("0");
    assertThat(sub.store.status().gets()).isZero();
    await().until(() -> PageEntry.place(table.get(11)) == PageEntry.RESIDENT);
  }

  @Test
  void aSubHostThatComesBackServesTheFaultsThatWaitedForIt() throws Exception {
    int checksum = store(5, 55);
    await().until(() -> pager.subHosts().all().getFirst().state() == SubHost.State.CONNECTED);
    PageStore held = sub.store;
    sub.store = null;
    assertThat(sub.server.disconnect(VM).await(ENDS)).isTrue();
    await().until(() -> pager.subHosts().all().getFirst().state() == SubHost.State.FORGOTTEN);
    table.set(5, PageEntry.remote(0, checksum, 0));
    guest.touch(5);
    await().until(() -> pager.waitingFaults() > 0);
    sub.store = held;

    assertThat(guest.answer()).isEqualTo("55");
  }
}
