package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/**
 * A real process under remote paging gives memory up as QEMU does for the guest's balloon. Pages
 * have their number, plus 1000, as contents.
 */
@Timeout(90)
class GivenUpMemoryTest {
  private static final UUID VM = new UUID(4, 6);
  private static final long PAGES = 512;

  private final ConcurrentLinkedQueue<Throwable> broken = new ConcurrentLinkedQueue<>();
  private MemoryDirectory directory;
  private Path ram;
  private StoreServer sub;
  private ReadingGuest guest;
  private PageTable table;
  private GuestAttachment attachment;
  private GuestPager pager;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    ram = directory.resolve("ram");
    MemoryFile.create(ram, PAGES * 4096).close();
    guest = new ReadingGuest(ram);
    sub = new StoreServer(VM, PAGES);
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    startPager(1);
  }

  /** What an agent does, or the next one after it died. */
  private void startPager(long epoch) throws Exception {
    attachment = GuestAttachment.attach(guest.pid(), ram, table);
    SubHosts hosts = new SubHosts(VM, epoch, "main");
    hosts.add(new SubHost.Identity(0, "s1", sub.address()), PAGES);
    pager = new GuestPager(attachment, hosts, Duration.ofNanos(50_000), broken::add);
    pager.recover();
    pager.serveFaults();
  }

  private void stopPager() {
    pager.close();
    attachment.close();
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    stopPager();
    table.close();
    sub.close();
    directory.close();
    assertThat(broken).isEmpty();
  }

  /** The page's only contents are on the sub-host. */
  private void store(long page) {
    try (Arena arena = Arena.ofConfined();
        PageLink link = sub.link()) {
      MemorySegment contents = arena.allocate(4096, 4096);
      contents.set(ValueLayout.JAVA_LONG, 0, page + 1000);
      int checksum = PageChecksum.of(contents, 0);
      PageBatch batch = new PageBatch();
      batch.add(page, checksum, 0, contents.address());
      link.put(batch);
      table.set(page, PageEntry.remote(0, checksum, 0));
    }
  }

  private void assertReads(long page, long value) throws Exception {
    guest.touch(page);
    assertThat(guest.answer()).as("page " + page).isEqualTo(Long.toString(value));
  }

  /** Brings pages from the sub-host; returns when the books are closed on them. */
  private void fetch(long first, long count) throws Exception {
    for (long page = first; page < first + count; page++) {
      store(page);
      assertReads(page, page + 1000);
    }
    awaitThat(() -> pager.faults().remote() == count);
  }

  private static void awaitThat(Callable<Boolean> condition) {
    await().atMost(Duration.ofSeconds(60)).until(condition);
  }

  private long gets() {
    return sub.store.status().gets();
  }

  @Test
  void aPageThatWasGivenUpReadsAsZerosAndNobodyIsAskedForIt() throws Exception {
    fetch(7, 1);
    guest.giveUp(7);
    assertThat(attachment.memory().isPresent(7)).isFalse();
    long before = gets();

    assertReads(7, 0);

    assertThat(attachment.memory().isPresent(7)).isTrue();
    assertThat(gets()).isEqualTo(before);
    assertThat(pager.budget().resident()).isEqualTo(1);
  }

  @Test
  void aPageThatWasGivenUpReadsAsZerosUnderTheNextAgentTooAndItsCopyIsDropped() throws Exception {
    fetch(7, 1);
    guest.giveUp(7);
    assertThat(sub.store.status().pages()).isEqualTo(1);
    long before = gets();

    stopPager();
    startPager(2);
    pager.keepWithinLimit();

    awaitThat(() -> sub.store.status().pages() == 0);
    assertReads(7, 0);
    assertThat(gets()).isEqualTo(before);
    assertThat(pager.budget().resident()).isEqualTo(1);
  }

  @Test
  void pagesThatWereGivenUpLeaveTheMainHostWithoutGoingAnywhere() throws Exception {
    pager.keepWithinLimit();
    fetch(0, 300);
    for (long page = 0; page < 300; page++) {
      guest.giveUp(page);
    }
    awaitThat(() -> sub.store.status().pages() == 0);
    long before = gets();

    pager.limitPages(200);

    awaitThat(() -> pager.budget().resident() <= 200);
    assertThat(pager.evictions().zeros()).isGreaterThanOrEqualTo(100);
    assertThat(sub.store.status().pages()).isZero();
    for (long page = 0; page < 300; page++) {
      assertReads(page, 0);
    }
    assertThat(gets()).isEqualTo(before);
  }

  /** There is nothing here to give up, and the guest must be content with either. */
  @Test
  void aPageOnASubHostThatIsGivenUpStaysThereWithItsContents() throws Exception {
    store(9);
    guest.giveUp(9);

    assertReads(9, 1009);
    assertThat(gets()).isEqualTo(1);
  }
}
