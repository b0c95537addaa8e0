package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/**
 * Single pages of a VM whose rest is left where it is: what the new main host is told of them. The
 * main host has room for 4 pages, the others go to sub-host 0; the source is sub-host 2.
 */
@Timeout(60)
class LeaveRestTest {
  private static final UUID VM = new UUID(6, 2);
  private static final long PAGES = 256;
  private static final long MAIN_PAGES = 4;
  private static final int HERE = 2;

  private MemoryDirectory directory;
  private MemoryFile ram;
  private ReadingGuest guest;
  private PageTable table;
  private GuestAttachment attachment;
  private StoreServer sub;
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
    attachment = GuestAttachment.attach(guest.pid(), path, table);
    sub = new StoreServer(VM, PAGES);
    main = new ArrivingMain(VM, directory, PAGES, MAIN_PAGES);
    var nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    main.subHosts.add(new SubHost.Identity(HERE, "source", nowhere), 0);
  }

  @AfterEach
  void stop() throws Exception {
    if (out != null) {
      out.close();
      watch.close();
    }
    guest.close();
    attachment.close();
    table.close();
    sub.close();
    main.close();
    ram.close();
    directory.close();
  }

  /** Pages from 10 on have contents. */
  private void begin(int contents) {
    begin(contents, PlaceIndexes.NONE);
  }

  private void begin(int contents, PlaceIndexes staying) {
    for (long page = 10; page < 10 + contents; page++) {
      TestPages.fill(ram.mapped().address() + page * 4096, page);
    }
    watch = WriteWatch.begin(attachment);
    out =
        new OutgoingMemory(
            watch,
            VM,
            1,
            "source",
            List.of(
                new OutgoingMemory.Target("main", main.server.address(), MAIN_PAGES),
                new OutgoingMemory.Target("sub", sub.address(), PAGES)),
            staying,
            0);
  }

  /** Writes to a page, or makes it zeros for seed 0, and has it known as written. */
  private void write(long page, long seed) {
    if (seed == 0) {
      ram.mapped().asSlice(page * 4096, 4096).fill((byte) 0);
    } else {
      TestPages.fill(ram.mapped().address() + page * 4096, seed);
    }
    table.changed().noteWritten(page);
  }

  private OutgoingMemory.Round round() {
    return out.copy(() -> false);
  }

  /** Whatever it contains: who asks for it is told. */
  private void assertLeft(long page) {
    long entry = main.table.get(page);
    assertThat(PageEntry.place(entry)).as("page %d", page).isEqualTo(PageEntry.REMOTE);
    assertThat(PageEntry.host(entry)).as("page %d", page).isEqualTo(HERE);
    assertThat(PageEntry.checksum(entry)).isEqualTo(PageChecksum.UNKNOWN);
    assertThat(out.left().contains(page)).isTrue();
  }

  private long firstAt(int place) {
    long page = 10;
    while (PageEntry.place(main.table.get(page)) != place) {
      page++;
    }
    return page;
  }

  @Test
  void nothingIsSentAndAllPagesWithContentsAreToldOf() {
    begin(20);
    out.leaveRest(HERE);
    OutgoingMemory.Round round = round();
    assertThat(round.pages()).isEqualTo(20);
    assertThat(round.told()).isEqualTo(20);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertThat(out.leftPages()).isEqualTo(20);
    assertThat(out.left().count()).isEqualTo(20);
    for (long page = 0; page < PAGES; page++) {
      if (page >= 10 && page < 30) {
        assertLeft(page);
      } else {
        assertThat(main.table.get(page)).isEqualTo(PageEntry.ZERO);
      }
    }
    assertThat(main.subHosts.at(HERE).usedPages()).isEqualTo(20);
    assertThat(main.budget.resident()).isZero();
    assertThat(out.progress()).allMatch(target -> target.sent() == 0);
    assertThat(sub.store.status().puts()).isZero();
  }

  @Test
  void aPageThatWasSentAndIsWrittenAgainIsToldOfAndDroppedWhereItWas() {
    begin(20);
    assertThat(round().pages()).isEqualTo(20);
    assertThat(sub.store.status().pages()).isEqualTo(16);
    long atMain = firstAt(PageEntry.RESIDENT);
    long atSub = firstAt(PageEntry.REMOTE);
    out.leaveRest(HERE);
    write(atMain, 1000);
    write(atSub, 2000);
    assertThat(round().told()).isZero(); // they became due at its end
    assertThat(round().told()).isEqualTo(2);
    assertLeft(atMain);
    assertLeft(atSub);
    assertThat(out.leftPages()).isEqualTo(2);
    assertThat(TestPages.look(sub.store, atSub, atSub)).isEqualTo("absent");
    assertThat(sub.store.status().pages()).isEqualTo(15);
    assertThat(main.ram.nextData(atMain * 4096)).isNotEqualTo(atMain * 4096);
    assertThat(main.budget.resident()).isEqualTo(3);
    assertThat(main.subHosts.at(0).usedPages()).isEqualTo(15);
  }

  @Test
  void whatIsWrittenToAPageThatWasLeftNeedNotBeTold() {
    begin(20);
    out.leaveRest(HERE);
    long ignored = round().pages();
    write(12, 77);
    write(13, 0);
    write(40, 5);
    OutgoingMemory.Round next = round();
    assertThat(next.told()).isZero();
    assertThat(next.dirtied()).as("the one that was not left yet").isEqualTo(1);
    write(14, 78);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertLeft(12);
    assertLeft(14);
    assertLeft(40);
    assertLeft(13);
    assertThat(out.leftPages()).isEqualTo(21);
  }

  @Test
  void aPageThatWasLeftIsToldOfAgainWhenItIsSwappedOutAndWhenItIsBack() {
    begin(20, new PlaceIndexes(1));
    out.leaveRest(HERE);
    long ignored = round().pages();
    ram.punchHole(12 * 4096, 4096);
    table.set(12, PageEntry.remote(0, 4711, 9));
    table.changed().note(12, true);
    ignored += round().pages() + round().pages();
    assertThat(main.table.get(12)).isEqualTo(PageEntry.remote(1, 4711, 9));
    assertThat(out.left().contains(12)).isFalse();
    table.set(12, PageEntry.resident(0));
    write(12, 12);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertLeft(12);
    assertThat(out.leftPages()).isEqualTo(20);
  }

  @Test
  void pagesInARowAreToldTogether() {
    begin(200);
    out.leaveRest(HERE);
    long before = bytes();
    assertThat(round().told()).isEqualTo(200);
    assertThat(bytes() - before).isLessThan(200 * 16);
    assertThat(main.subHosts.at(HERE).usedPages()).isEqualTo(200);
  }

  private long bytes() {
    return out.progress().stream().mapToLong(OutgoingMemory.TargetProgress::bytes).sum();
  }

  @Test
  void aPageThatWasSentThenLeftAndIsZerosInTheEndStaysLeft() {
    begin(20);
    long ignored = round().pages();
    long atSub = firstAt(PageEntry.REMOTE);
    out.leaveRest(HERE);
    write(atSub, 3);
    ignored += round().pages() + round().pages();
    assertLeft(atSub);
    write(atSub, 0);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertLeft(atSub);
    assertThat(out.leftPages()).isEqualTo(1);
  }

  @Test
  void pagesThatTheGuestGivesUpAfterTheyWereLeftTakeNoTimeWhileItStands() throws Exception {
    begin(20);
    out.leaveRest(HERE);
    long ignored = round().pages();
    guest.touch(12); // so that the guest has it mapped
    assertThat(guest.answer()).isNotEqualTo("0");
    for (long page : new long[] {10, 12, 29}) {
      guest.giveUp(page);
    }
    guest.touch(12);
    assertThat(guest.answer()).isEqualTo("0");
    assertThat(out.copyLast(() -> false)).isTrue();
    for (long page : new long[] {10, 12, 29}) {
      assertLeft(page);
    }
    assertThat(ram.nextData(10 * 4096)).isNotEqualTo(10 * 4096);
  }

  @Test
  void pagesAtASubHostThatTheVmHasAreToldOfAsThatAndNotAsLeft() {
    table.set(100, PageEntry.remote(0, 4711, 9));
    begin(0, new PlaceIndexes(1));
    out.leaveRest(HERE);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertThat(main.table.get(100)).isEqualTo(PageEntry.remote(1, 4711, 9));
    assertThat(out.leftPages()).isZero();
    assertThat(ram.allocatedBytes()).isZero();
  }

  @Test
  void zerosAreToldByWhicheverSenderWhenAnotherHadToldOfAPlace() {
    begin(20, new PlaceIndexes(1));
    long ignored = round().pages();
    long atSub = firstAt(PageEntry.REMOTE);
    ram.punchHole(atSub * 4096, 4096);
    table.set(atSub, PageEntry.remote(0, 4711, 9)); // it was swapped out
    table.changed().note(atSub, true);
    ignored += round().pages() + round().pages();
    assertThat(main.table.get(atSub)).isEqualTo(PageEntry.remote(1, 4711, 9));
    table.set(atSub, PageEntry.resident(0)); // it came back, and was made zeros
    write(atSub, 0);
    assertThat(out.copyLast(() -> false)).isTrue();
    assertThat(main.table.get(atSub)).isEqualTo(PageEntry.ZERO);
  }

  @Test
  void theIndexOfTheSourceIsCheckedAndCannotBeChanged() {
    begin(5);
    assertThatThrownBy(() -> out.leaveRest(64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0..63");
    assertThatThrownBy(() -> out.leaveRest(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThat(round().told()).isZero();
    out.leaveRest(HERE);
    out.leaveRest(HERE);
    assertThatThrownBy(() -> out.leaveRest(HERE + 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("sub-host 2, not 3");
  }

  @Test
  void anIndexThatTheNewMainHostDoesNotKnowEndsTheCopying() {
    begin(5);
    out.leaveRest(HERE + 1);
    assertThatThrownBy(this::round)
        .isInstanceOfSatisfying(
            PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
    assertThat(main.table.get(10)).isEqualTo(PageEntry.ZERO);
  }
}
