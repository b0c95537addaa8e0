package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.linux.MemoryFile;

/**
 * Pages that a guest gave up at its old host after the new main host was told of their contents:
 * they are zeros, whoever asks for them. Also when the old host's agent has died since, and knows
 * the RAM file only.
 */
@Timeout(60)
class GivenUpWhereItWasLeftTest {
  private static final UUID VM = new UUID(6, 9);
  private static final long PAGES = 512;
  private static final int LEFT = 100;
  private static final long FIRST_GIVEN_UP = 10;
  private static final long END_GIVEN_UP = 20;
  private static final int STORE = 0;
  private static final int OLD = 1;

  private final ConcurrentLinkedQueue<Throwable> broken = new ConcurrentLinkedQueue<>();
  private MemoryDirectory directory;
  private LeavingHost old;
  private StoreServer store;
  private ReadingGuest guest;
  private PageTable table;
  private GuestAttachment attachment;
  private GuestPager pager;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    Path ram = directory.resolve("ram");
    MemoryFile.create(ram, PAGES * 4096).close();
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    leaveMemory(directory.resolve("old"));
    store = new StoreServer(VM, PAGES, "s0");
    store.neighbours.put("old", old.server.address());
    SubHosts hosts = new SubHosts(VM, 1, "main");
    hosts.add(new SubHost.Identity(STORE, "s0", store.address()), PAGES);
    hosts.add(new SubHost.Identity(OLD, "old", old.server.address()), 0);
    hosts.countUsed(OLD, LEFT);
    guest = new ReadingGuest(ram);
    attachment = GuestAttachment.attach(guest.pid(), ram, table);
    pager = new GuestPager(attachment, hosts, Duration.ofNanos(50_000), broken::add);
  }

  /** Told, and then the guest gives some up. */
  private void leaveMemory(Path ram) {
    PageBitmap left = new PageBitmap(PAGES);
    try (MemoryFile file = MemoryFile.create(ram, PAGES * 4096)) {
      for (long page = 0; page < LEFT; page++) {
        file.mapped().set(ValueLayout.JAVA_LONG, page * 4096, page + 1000);
        table.set(page, PageEntry.remote(OLD, PageChecksum.UNKNOWN, 0));
        assertThat(left.add(page)).isTrue();
      }
      file.punchHole(FIRST_GIVEN_UP * 4096, (END_GIVEN_UP - FIRST_GIVEN_UP) * 4096);
    }
    old = new LeavingHost(VM, ram, 1);
    old.memory.serve(left);
  }

  private void begin(boolean restarted) {
    if (restarted) {
      old.restart();
    }
    pager.recover();
    pager.serveFaults();
    pager.keepWithinLimit();
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    pager.close();
    attachment.close();
    table.close();
    old.close();
    store.close();
    directory.close();
    assertThat(broken).isEmpty();
  }

  private static boolean isGivenUp(long page) {
    return page >= FIRST_GIVEN_UP && page < END_GIVEN_UP;
  }

  private void assertAllReadsAsItShould() throws Exception {
    for (long page = 0; page < LEFT; page++) {
      guest.touch(page);
      assertThat(guest.answer())
          .as("page %d", page)
          .isEqualTo(Long.toString(isGivenUp(page) ? 0 : page + 1000));
    }
  }

  private void awaitDrained() {
    pager.drain(OLD);
    await().until(() -> pager.draining(OLD).drained());
    assertThat(old.memory.remaining()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoFaultsOnItReadsZeros(boolean restarted) throws Exception {
    begin(restarted);
    assertAllReadsAsItShould();
    assertThat(pager.faults().refused()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whereThereIsRoomItIsGatheredAsZeros(boolean restarted) throws Exception {
    begin(restarted);
    awaitDrained();
    assertThat(pager.draining(OLD).gathered()).isEqualTo(LEFT);
    assertAllReadsAsItShould();
    assertThat(pager.faults().remote()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whereThereIsNoRoomItGoesNowhere(boolean restarted) throws Exception {
    pager.limitPages(1);
    begin(restarted);
    awaitDrained();
    for (long page = FIRST_GIVEN_UP; page < END_GIVEN_UP; page++) {
      assertThat(PageEntry.place(table.get(page))).isEqualTo(PageEntry.ZERO);
    }
    assertThat(store.store.status().pages()).isEqualTo(LEFT - (END_GIVEN_UP - FIRST_GIVEN_UP));
    pager.limitPages(PAGES);
    assertAllReadsAsItShould();
  }
}
