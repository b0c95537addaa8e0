package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/**
 * A process that writes all the time, with three quarters of its memory at two sub-hosts, is copied
 * to another main host while it swaps: what is at the sub-hosts stays there.
 */
@Timeout(120)
class SplitVmCopyTest {
  private static final UUID VM = new UUID(4, 4);
  private static final long PAGES = 4096;
  private static final long LIMIT = 1024;
  private static final long MAIN_PAGES = 1500;
  private static final long NEXT_EPOCH = 2;

  private final ConcurrentLinkedQueue<Throwable> broken = new ConcurrentLinkedQueue<>();
  private MemoryDirectory directory;
  private VerifyingGuest guest;
  private StoreServer first;
  private StoreServer second;
  private PageTable table;
  private GuestAttachment attachment;
  private GuestPager pager;
  private ArrivingMain main;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    Path ram = directory.resolve("ram");
    MemoryFile.create(ram, PAGES * 4096).close();
    guest = new VerifyingGuest(ram, 2, 9);
    first = new StoreServer(VM, PAGES);
    second = new StoreServer(VM, PAGES);
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    table.limitPages(LIMIT);
    attachment = GuestAttachment.attach(guest.pid(), ram, table);
    SubHosts hosts = new SubHosts(VM, 1, "source");
    hosts.add(new SubHost.Identity(0, "s1", first.address()), PAGES / 2);
    hosts.add(new SubHost.Identity(1, "s2", second.address()), PAGES / 2);
    pager = new GuestPager(attachment, hosts, GuestPager.SPIN, broken::add);
    pager.recover();
    pager.serveFaults();
    pager.keepWithinLimit();
    main = new ArrivingMain(VM, directory, PAGES, MAIN_PAGES, NEXT_EPOCH);
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    pager.close();
    attachment.close();
    table.close();
    first.close();
    second.close();
    main.close();
    directory.close();
  }

  @Test
  void thePlaceOfEveryPageIsRightAtTheEndAndNoContentsOfSubHostsTravel() throws Exception {
    guest.begin();
    await().atMost(Duration.ofSeconds(60)).until(() -> pager.evictions().evicted() > PAGES / 2);
    long sent = 0;
    try (WriteWatch watch = WriteWatch.begin(attachment);
        OutgoingMemory out =
            new OutgoingMemory(
                watch,
                VM,
                NEXT_EPOCH,
                "source",
                List.of(new OutgoingMemory.Target("main", main.server.address(), MAIN_PAGES)),
                new PlaceIndexes(1, 0), // the other way round there
                0)) {
      sent += out.copy(() -> false).pages();
      assertThat(sent).isLessThanOrEqualTo(LIMIT);
      for (int round = 0; round < 20; round++) {
        Thread.sleep(100); // it swaps on
        sent += out.copy(() -> false).pages();
      }
      signal("STOP");
      assertThat(pager.hold(Duration.ofSeconds(10))).isTrue();
      assertThat(out.copyLast(() -> false)).isTrue();
      System.out.println(out.progress() + " zero " + out.zeroPages());
      assertEveryPage();
      pager.goOn();
    }
    assertThat(sent).isGreaterThan(LIMIT); // it was rewritten, or was at a sub-host before
    signal("CONT");
    assertThat(guest.finish()).endsWith("wrong 0");
    assertThat(sentInBackground(first) + sentInBackground(second)).isZero();
    assertThat(sentToFaults(first) + sentToFaults(second))
        .isBetween(1L, pager.faults().remote()); // which counts zeros, too
    assertThat(broken).isEmpty();
  }

  private static long sentInBackground(StoreServer store) {
    return store.server.served().inBackground();
  }

  private static long sentToFaults(StoreServer store) {
    return store.server.served().toFaults();
  }

  private void signal(String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(guest.pid())).start().waitFor();
    Thread.sleep(50);
  }

  private void assertEveryPage() {
    long stayed = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wanted = arena.allocate(4096, 4096);
      MemorySegment found = arena.allocate(4096, 4096);
      for (long page = 0; page < PAGES; page++) {
        long here = table.get(page);
        long there = main.table.get(page);
        if (PageEntry.place(here) == PageEntry.REMOTE && wasSent(there)) {
          main.ram.read(page * 4096, found.address(), 4096);
          assertThat(PageChecksum.of(found, 0)).isEqualTo(PageEntry.checksum(here));
        } else if (PageEntry.place(here) == PageEntry.REMOTE) {
          stayed++;
          assertThat(PageEntry.place(there)).as("page %d", page).isEqualTo(PageEntry.REMOTE);
          assertThat(PageEntry.host(there)).isEqualTo(1 - PageEntry.host(here));
          assertThat(PageEntry.checksum(there)).isEqualTo(PageEntry.checksum(here));
          assertThat(main.ram.nextData(page * 4096)).isNotEqualTo(page * 4096);
        } else {
          attachment.memory().ram().read(page * 4096, wanted.address(), 4096);
          found.fill((byte) 0);
          if (PageEntry.place(there) == PageEntry.RESIDENT) {
            main.ram.read(page * 4096, found.address(), 4096);
          } else {
            assertThat(PageEntry.place(there)).as("page %d", page).isEqualTo(PageEntry.ZERO);
          }
          assertThat(wanted.mismatch(found)).as("page %d", page).isEqualTo(-1);
        }
      }
    }
    assertThat(stayed).isGreaterThan(PAGES / 4);
  }

  /** Before it went out, and the new main host had room to keep it. */
  private static boolean wasSent(long there) {
    return PageEntry.place(there) == PageEntry.RESIDENT;
  }
}
