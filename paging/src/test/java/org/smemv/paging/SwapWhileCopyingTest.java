package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.linux.MemoryFile;

/**
 * A process with a quarter of its memory here, the rest at two sub-hosts, is merged on a new main
 * host while it swaps with a real pager; the new main host fetches from the sub-hosts meanwhile.
 */
@Timeout(120)
class SwapWhileCopyingTest {
  private static final UUID VM = new UUID(6, 8);
  private static final long PAGES = 2048;
  private static final long LIMIT = 512;
  private static final long NEXT_EPOCH = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final ConcurrentLinkedQueue<Throwable> broken = new ConcurrentLinkedQueue<>();
  private MemoryDirectory directory;
  private Path ram;
  private StoreServer first;
  private StoreServer second;
  private PageTable table;
  private GuestAttachment attachment;
  private GuestPager pager;
  private ArrivingMain main;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    ram = directory.resolve("ram");
    MemoryFile.create(ram, PAGES * 4096).close();
    first = new StoreServer(VM, PAGES);
    second = new StoreServer(VM, PAGES);
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    table.limitPages(LIMIT);
  }

  private void serve(long pid) throws AttachException {
    attachment = GuestAttachment.attach(pid, ram, table);
    SubHosts hosts = new SubHosts(VM, 1, "source");
    hosts.add(new SubHost.Identity(0, "s1", first.address()), PAGES);
    hosts.add(new SubHost.Identity(1, "s2", second.address()), PAGES);
    pager = new GuestPager(attachment, hosts, GuestPager.SPIN, broken::add);
    pager.recover();
    pager.serveFaults();
    pager.keepWithinLimit();
  }

  private OutgoingMemory begin(WriteWatch watch, long mainPages) {
    main = new ArrivingMain(VM, directory, PAGES, mainPages, NEXT_EPOCH);
    return new OutgoingMemory(
        watch,
        VM,
        NEXT_EPOCH,
        "source",
        List.of(new OutgoingMemory.Target("main", main.server.address(), mainPages)),
        new PlaceIndexes(0, 1),
        0);
  }

  @AfterEach
  void stop() throws Exception {
    pager.close();
    attachment.close();
    table.close();
    first.close();
    second.close();
    main.close();
    directory.close();
  }

  /** Not even a page that was fetched there, was evicted, or came back and went out again. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void thePagesOfAProcessThatOnlyReadsAreSentOnceEach(long seed) throws Exception {
    fill();
    SplittableRandom random = new SplittableRandom(seed);
    try (ReadingGuest guest = new ReadingGuest(ram)) {
      serve(guest.pid());
      await().atMost(PATIENCE).until(() -> pager.budget().resident() <= LIMIT);
      try (WriteWatch watch = WriteWatch.begin(attachment);
          OutgoingMemory out = begin(watch, PAGES)) {
        long sent = out.copy(() -> false).pages();
        assertThat(sent).isBetween(LIMIT / 2, LIMIT);
        try (FetchingMain fetching =
            new FetchingMain(main, NEXT_EPOCH, seed, first.address(), second.address())) {
          for (int round = 0; round < 20; round++) {
            read(guest, random, 40);
            sent += out.copy(() -> false).pages();
          }
          await().atMost(PATIENCE).until(() -> sentOrFetched() == PAGES);
          read(guest, random, 200); // by now all is there
          assertThat(out.copy(() -> false).pages() + out.copy(() -> false).pages()).isZero();
          // Fetched in the very round in which it came here, a page may be sent besides.
          long wanted = PAGES - fetching.fetched();
          assertThat(sent).isBetween(wanted, wanted + PAGES / 100);
          assertThat(out.notSentAgain()).isGreaterThan(200);
          assertThat(pager.hold(PATIENCE)).isTrue();
          assertThat(out.copyLast(() -> false)).isTrue();
        }
        for (long page = 0; page < PAGES; page++) {
          assertThat(PageEntry.place(main.table.get(page))).isEqualTo(PageEntry.RESIDENT);
          assertThat(PageChecksum.of(main.ram.mapped(), page * 4096))
              .isEqualTo(TestPages.checksum(page + 1));
        }
        pager.goOn();
      }
    }
    assertThat(broken).isEmpty();
  }

  private void fill() {
    try (MemoryFile file = MemoryFile.open(ram)) {
      for (long page = 0; page < PAGES; page++) {
        TestPages.fill(file.mapped().address() + page * 4096, page + 1);
      }
    }
  }

  private static void read(ReadingGuest guest, SplittableRandom random, int times)
      throws Exception {
    for (int i = 0; i < times; i++) {
      guest.touch(random.nextLong(PAGES));
      assertThat(guest.answer()).isNotEqualTo("differs");
    }
  }

  private long sentOrFetched() {
    long count = 0;
    for (long page = 0; page < PAGES; page++) {
      count += PageEntry.place(main.table.get(page)) == PageEntry.RESIDENT ? 1 : 0;
    }
    return count;
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void aMergeEndsWithTheLastContentsOfEveryPage(long seed) throws Exception {
    copyWhileItWrites(seed, PAGES);
  }

  /** It keeps some pages that went out, and is told of others. */
  @ParameterizedTest
  @ValueSource(longs = {14, 15, 16})
  void aMoveOfTheMainPartEndsWithTheLastContentsOfEveryPage(long seed) throws Exception {
    copyWhileItWrites(seed, 2 * LIMIT);
  }

  private void copyWhileItWrites(long seed, long mainPages) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    try (VerifyingGuest guest = new VerifyingGuest(ram, 2, seed)) {
      serve(guest.pid());
      guest.begin();
      await().atMost(PATIENCE).until(() -> pager.evictions().evicted() > PAGES);
      try (WriteWatch watch = WriteWatch.begin(attachment);
          OutgoingMemory out = begin(watch, mainPages)) {
        try (var _ = mainPages == PAGES ? fetching(seed) : null) {
          for (int round = 0; round < 12; round++) {
            Thread.sleep(random.nextInt(120));
            var _ = out.copy(() -> random.nextInt(5000) == 0);
          }
        }
        guest.halt();
        assertThat(pager.hold(PATIENCE)).isTrue();
        assertThat(out.copyLast(() -> false)).isTrue();
        assertThat(out.notSentAgain()).isPositive();
        assertEveryPage();
        pager.goOn();
      }
      guest.goOnInNextFile(); // which is the same one
      assertThat(guest.finish()).endsWith("wrong 0");
    }
    assertThat(broken).isEmpty();
  }

  private FetchingMain fetching(long seed) {
    return new FetchingMain(main, NEXT_EPOCH, seed, first.address(), second.address());
  }

  /** Compares with the memory of the process, or with what the page's sub-host has of it. */
  private void assertEveryPage() {
    try (Arena arena = Arena.ofConfined();
        PageLink atFirst = first.link();
        PageLink atSecond = second.link()) {
      MemorySegment wanted = arena.allocate(4096, 4096);
      MemorySegment found = arena.allocate(4096, 4096);
      PageBatch batch = new PageBatch();
      for (long page = 0; page < PAGES; page++) {
        long here = table.get(page);
        long there = main.table.get(page);
        if (PageEntry.place(here) == PageEntry.REMOTE) {
          batch.clear();
          batch.add(page);
          (PageEntry.host(here) == 0 ? atFirst : atSecond).get(batch, wanted);
          assertThat(batch.checksum(0)).isEqualTo(PageEntry.checksum(here));
        } else {
          attachment.memory().ram().read(page * 4096, wanted.address(), 4096);
        }
        if (PageEntry.place(there) == PageEntry.REMOTE) {
          assertThat(PageEntry.place(here)).as("page %d", page).isEqualTo(PageEntry.REMOTE);
          assertThat(PageEntry.host(there)).isEqualTo(PageEntry.host(here));
          assertThat(PageEntry.checksum(there)).isEqualTo(PageEntry.checksum(here));
          continue;
        }
        found.fill((byte) 0);
        if (PageEntry.place(there) == PageEntry.RESIDENT) {
          main.ram.read(page * 4096, found.address(), 4096);
        }
        assertThat(wanted.mismatch(found))
            .as("page %d, %x here, %x there", page, here, there)
            .isEqualTo(-1);
      }
    }
  }
}
