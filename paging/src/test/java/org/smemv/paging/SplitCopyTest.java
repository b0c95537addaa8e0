package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/** A process that writes all the time is copied to a main host and two sub-hosts, page by page. */
@Timeout(120)
class SplitCopyTest {
  private static final UUID VM = new UUID(3, 3);
  private static final long PAGES = 4096;
  private static final long MAIN_PAGES = 1500;

  private MemoryDirectory directory;
  private Path ram;
  private VerifyingGuest guest;
  private StoreServer first;
  private StoreServer second;
  private ArrivingMain main;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    ram = directory.resolve("ram");
    MemoryFile.create(ram, PAGES * 4096).close();
    guest = new VerifyingGuest(ram, 2, 5);
    first = new StoreServer(VM, PAGES);
    second = new StoreServer(VM, PAGES);
    main = new ArrivingMain(VM, directory, PAGES, MAIN_PAGES);
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    first.close();
    second.close();
    main.close();
    directory.close();
  }

  @Test
  void everyPageArrivesWhereItsEntrySaysWithItsLastContents() throws Exception {
    try (PageTable table = PageTable.create(directory.resolve("table"), VM, PAGES);
        GuestAttachment attachment = GuestAttachment.attach(guest.pid(), ram, table)) {
      guest.begin();
      Thread.sleep(1500);
      long sent = 0;
      try (WriteWatch watch = WriteWatch.begin(attachment);
          OutgoingMemory out = outgoing(watch)) {
        AtomicInteger asked = new AtomicInteger();
        sent += out.copy(() -> asked.incrementAndGet() > 500).pages();
        assertThat(sent).isBetween(1L, 500L);
        assertThat(out.duePages()).isGreaterThan(PAGES / 2);
        for (int round = 0; round < 5; round++) {
          sent += out.copy(() -> false).pages();
        }
        signal("STOP");
        assertThat(out.copyLast(() -> false)).isTrue();
        assertThat(out.duePages()).isZero();
        System.out.println(out.progress() + " zero " + out.zeroPages());
      }
      assertThat(sent).isGreaterThan(PAGES);
      assertThat(main.budget.resident()).isLessThanOrEqualTo(MAIN_PAGES).isGreaterThan(1000);
      assertEveryPage(attachment.memory().ram());
      signal("CONT");
      assertThat(guest.finish()).endsWith("wrong 0");
    }
  }

  @Test
  void aTargetThatTurnsOutFullEndsTheCopyingAndTheGuestGoesOn() throws Exception {
    try (PageTable table = PageTable.create(directory.resolve("table"), VM, PAGES);
        GuestAttachment attachment = GuestAttachment.attach(guest.pid(), ram, table)) {
      guest.begin();
      Thread.sleep(1500);
      second.store.grantPages(100);
      try (WriteWatch watch = WriteWatch.begin(attachment);
          OutgoingMemory out = outgoing(watch)) {
        assertThatThrownBy(() -> out.copy(() -> false))
            .isInstanceOfSatisfying(
                PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CAPACITY));
      }
      assertThat(second.store.status().pages()).isLessThanOrEqualTo(100);
      Thread.sleep(300);
      assertThat(guest.finish()).endsWith("wrong 0");
    }
  }

  private OutgoingMemory outgoing(WriteWatch watch) {
    return new OutgoingMemory(
        watch,
        VM,
        1,
        "source",
        List.of(
            new OutgoingMemory.Target("main", main.server.address(), MAIN_PAGES),
            new OutgoingMemory.Target("s1", first.address(), PAGES / 2),
            new OutgoingMemory.Target("s2", second.address(), PAGES / 4)),
        PlaceIndexes.NONE,
        // So slow that it looks at the writes within a round, several times.
        16 << 20);
  }

  private void signal(String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(guest.pid())).start().waitFor();
    Thread.sleep(50);
  }

  private void assertEveryPage(MemoryFile source) {
    try (Arena arena = Arena.ofConfined();
        PageLink one = first.link();
        PageLink two = second.link()) {
      MemorySegment wanted = arena.allocate(4096, 4096);
      MemorySegment found = arena.allocate(4096, 4096);
      for (long page = 0; page < PAGES; page++) {
        source.read(page * 4096, wanted.address(), 4096);
        found.fill((byte) 0);
        long entry = main.table.get(page);
        switch (PageEntry.place(entry)) {
          case PageEntry.RESIDENT -> main.ram.read(page * 4096, found.address(), 4096);
          case PageEntry.REMOTE -> {
            PageBatch batch = new PageBatch();
            batch.add(page);
            (PageEntry.host(entry) == 0 ? one : two).get(batch, found);
            assertThat(batch.checksum(0)).isEqualTo(PageEntry.checksum(entry));
          }
          default -> {}
        }
        assertThat(wanted.mismatch(found)).as("page %d", page).isEqualTo(-1);
      }
    }
  }
}
