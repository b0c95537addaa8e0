package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/**
 * Single pages of a VM that swaps while it is copied to a new main host: pages 10 to 29 have
 * contents, of which 16 may be at the source at a time. Sub-host 0 is number 1 there.
 */
@Timeout(60)
class SettledPagesTest {
  private static final UUID VM = new UUID(6, 7);
  private static final long PAGES = 256;
  private static final long LIMIT = 16;
  private static final long EPOCH = 1;

  private MemoryDirectory directory;
  private MemoryFile ram;
  private ReadingGuest guest;
  private PageTable table;
  private GuestAttachment attachment;
  private ArrivingMain main;
  private WriteWatch watch;
  private OutgoingMemory out;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    Path path = directory.resolve("ram");
    ram = MemoryFile.create(path, PAGES * 4096);
    guest = new ReadingGuest(path);
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    table.limitPages(LIMIT);
    attachment = GuestAttachment.attach(guest.pid(), path, table);
  }

  @AfterEach
  void stop() throws Exception {
    out.close();
    watch.close();
    guest.close();
    attachment.close();
    table.close();
    main.close();
    ram.close();
    directory.close();
  }

  /**
   * Copies once to a new main host that takes so many pages; those from 20 on are at sub-host 0.
   */
  private void begin(long mainPages) {
    for (long page = 10; page < 30; page++) {
      fill(page, page);
      table.set(page, PageEntry.resident(0));
    }
    for (long page = 20; page < 30; page++) {
      leave(page, page);
    }
    main = new ArrivingMain(VM, directory, PAGES, mainPages, EPOCH);
    watch = WriteWatch.begin(attachment);
    out =
        new OutgoingMemory(
            watch,
            VM,
            EPOCH,
            "source",
            List.of(new OutgoingMemory.Target("main", main.server.address(), mainPages)),
            new PlaceIndexes(1),
            0);
    assertThat(sent()).isEqualTo(10);
  }

  /** In the round that sees what has changed, and in the next, which acts on it. */
  private long sent() {
    return out.copy(() -> false).pages() + out.copy(() -> false).pages();
  }

  private void fill(long page, long seed) {
    TestPages.fill(ram.mapped().address() + page * 4096, seed);
  }

  private void write(long page, long seed) {
    fill(page, seed);
    table.changed().noteWritten(page);
  }

  private void leave(long page, long seed) {
    ram.punchHole(page * 4096, 4096);
    table.set(page, PageEntry.remote(0, TestPages.checksum(seed), 0));
    table.changed().note(page, true);
  }

  private void comeBack(long page, long seed) {
    fill(page, seed);
    table.set(page, PageEntry.residentWithCopy(0, TestPages.checksum(seed), 0));
    table.changed().note(page, true);
  }

  /** As the new main host's drain does. */
  private void fetchThere(long page, long seed) {
    long entry = main.table.get(page);
    assertThat(entry).isEqualTo(PageEntry.remote(1, TestPages.checksum(seed), 0));
    TestPages.fill(main.ram.mapped().address() + page * 4096, seed);
    main.budget.takeAll(1);
    main.table.set(page, PageEntry.residentWithCopy(1, TestPages.checksum(seed), 0));
  }

  private void assertThere(long page, long seed) {
    assertThat(PageEntry.place(main.table.get(page))).isEqualTo(PageEntry.RESIDENT);
    assertThat(main.ram.nextData(page * 4096)).isEqualTo(page * 4096);
    assertThat(PageChecksum.of(main.ram.mapped(), page * 4096)).isEqualTo(TestPages.checksum(seed));
  }

  private void assertTold(long page, long seed) {
    assertThat(main.table.get(page)).isEqualTo(PageEntry.remote(1, TestPages.checksum(seed), 0));
    assertThat(main.ram.nextData(page * 4096)).isNotEqualTo(page * 4096);
  }

  @Test
  void aPageThatWasSentStaysThereHoweverOftenItGoesOutAndComesBack() {
    begin(PAGES);
    leave(12, 12);
    assertThat(sent()).isZero();
    assertThere(12, 12);
    comeBack(12, 12);
    assertThat(sent()).isZero();
    leave(12, 12);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertThere(12, 12);
    assertThat(out.notSentAgain()).isEqualTo(3);
    assertThat(out.duePages()).isZero();
  }

  @Test
  void aPageThatIsWrittenAfterItCameBackIsSentAgain() {
    begin(PAGES);
    leave(12, 12);
    comeBack(12, 12);
    write(12, 112);
    assertThat(sent()).isEqualTo(1);
    assertThere(12, 112);
    leave(12, 112);
    assertThat(sent()).isZero();
    assertThere(12, 112);
  }

  @Test
  void aPageThatIsWrittenAndGoesOutIsToldAndNotKept() {
    begin(PAGES);
    write(12, 112);
    leave(12, 112);
    assertThat(sent()).isZero();
    assertTold(12, 112);
  }

  /** What is there of it is told to be nothing in the round in which it was found as a hole. */
  @Test
  void aPageThatIsOutWhenItIsReadIsToldInTheNextRound() {
    begin(PAGES);
    ram.punchHole(12 * 4096, 4096); // its entry does not say so yet
    table.changed().noteWritten(12);
    assertThat(sent()).isZero();
    assertThat(PageEntry.place(main.table.get(12))).isEqualTo(PageEntry.ZERO);
    leave(12, 12);
    assertThat(sent()).isZero();
    assertTold(12, 12);
    comeBack(12, 12);
    assertThat(sent()).isEqualTo(1);
    assertThere(12, 12);
  }

  @Test
  void withoutRoomForMoreThanTheSourceHasAPageThatGoesOutIsTold() {
    begin(LIMIT);
    leave(12, 12);
    assertThat(sent()).isZero();
    assertTold(12, 12);
    comeBack(12, 12);
    assertThat(sent()).isEqualTo(1);
    assertThere(12, 12);
  }

  @Test
  void onlySoManyPagesAreKeptAsThereIsRoomBeyondWhatTheSourceMayHave() {
    begin(LIMIT + 2);
    for (long page = 12; page < 16; page++) {
      leave(page, page);
    }
    assertThat(sent()).isZero();
    assertThere(12, 12);
    assertThere(13, 13);
    assertTold(14, 14);
    assertTold(15, 15);
    comeBack(12, 12); // what is not kept any more makes room for another
    leave(16, 16);
    assertThat(sent()).isZero();
    assertThere(12, 12);
    assertThere(16, 16);
  }

  @Test
  void aPageOfASubHostThatTheNewMainHostHasFetchedIsNotSentWhenItComesToTheSource() {
    begin(PAGES);
    fetchThere(22, 22);
    comeBack(22, 22);
    comeBack(23, 23);
    assertThat(sent()).isEqualTo(1);
    assertThere(22, 22);
    assertThere(23, 23);
    leave(22, 22);
    assertThat(sent()).isZero();
    assertThere(22, 22);
    comeBack(22, 22);
    write(22, 122);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertThere(22, 122);
  }

  @Test
  void whatTheNewMainHostHasFetchedIsRememberedWhenItIsAskedOfAnotherPage() {
    begin(PAGES);
    fetchThere(22, 22);
    comeBack(22, 22);
    assertThat(sent()).isZero();
    fetchThere(21, 21);
    comeBack(21, 21);
    assertThat(sent()).isZero();
    leave(22, 22);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertThere(22, 22);
  }

  @Test
  void theNewMainHostIsNotAskedAgainSoonerThanItsAnswersTook() {
    begin(PAGES);
    AtomicLong now = new AtomicLong(77);
    PageBitmap known = new PageBitmap(PAGES);
    var settled = new SettledPages(watch, known, known, PAGES, true, () -> now.getAndAdd(1000));
    settled.handOver(22);
    assertThat(known.add(22)).isTrue();
    comeBack(22, 22);
    assertThat(watch.endRound()).isPositive();
    try (PageLink link = PageLink.open(asking())) {
      assertThat(settled.leaveOutAsking(link)).isZero();
      long asked = link.bytesSent();
      fetchThere(22, 22);
      assertThat(settled.leaveOutAskingAgain(link)).isZero();
      assertThat(link.bytesSent()).isEqualTo(asked);
      now.addAndGet(1);
      assertThat(settled.leaveOutAskingAgain(link)).isEqualTo(1);
      assertThat(link.bytesSent()).isGreaterThan(asked);
    }
  }

  private LinkTarget asking() {
    return new LinkTarget(
        main.server.address(), VM, EPOCH, TrafficClass.BULK, 0, "asking", Duration.ofSeconds(10));
  }

  @Test
  void aPageThatIsZerosWhenItGoesOutIsToldToBeZeros() {
    begin(PAGES);
    ram.punchHole(12 * 4096, 4096);
    table.set(12, PageEntry.ZERO);
    table.changed().noteWritten(12); // as the evictor does
    assertThat(sent()).isZero();
    assertThat(main.table.get(12)).isEqualTo(PageEntry.ZERO);
  }

  @Test
  void afterTheTurnToPostCopyWhatWasSentStaysThereToo() {
    begin(PAGES);
    main.subHosts.add(
        new SubHost.Identity(2, "source", new java.net.InetSocketAddress("127.0.0.1", 1)), 0);
    leave(12, 12);
    comeBack(13, 13);
    assertThat(sent()).isZero();
    out.leaveRest(2);
    leave(13, 13);
    comeBack(12, 12);
    write(14, 114);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertThere(12, 12);
    assertThere(13, 13);
    assertThat(PageEntry.host(main.table.get(14))).isEqualTo(2);
    assertThat(out.leftPages()).isEqualTo(1);
  }
}
