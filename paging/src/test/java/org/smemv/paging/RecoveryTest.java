package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/** What a dead agent can have left in the page table, against what is in the RAM file. */
@Timeout(60)
class RecoveryTest {
  private static final UUID VM = new UUID(4, 8);
  private static final long PAGES = 64;
  private static final InetSocketAddress NOWHERE = new InetSocketAddress("127.0.0.1", 1);

  private MemoryDirectory directory;
  private ReadingGuest guest;
  private MemoryFile file;
  private PageTable table;
  private GuestAttachment attachment;
  private SubHosts hosts;
  private GuestPager pager;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    Path ram = directory.resolve("ram");
    file = MemoryFile.create(ram, PAGES * 4096);
    guest = new ReadingGuest(ram);
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    attachment = GuestAttachment.attach(guest.pid(), ram, table);
    hosts = new SubHosts(VM, 1, "main");
    hosts.add(new SubHost.Identity(0, "s0", NOWHERE), PAGES);
    hosts.add(new SubHost.Identity(1, "s1", NOWHERE), PAGES);
    pager = new GuestPager(attachment, hosts, Duration.ZERO, failure -> {});
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    pager.close();
    attachment.close();
    table.close();
    file.close();
    directory.close();
  }

  private void present(long page, long entry) {
    file.mapped().set(ValueLayout.JAVA_LONG, page * 4096, page);
    table.set(page, entry);
  }

  @Test
  void aPresentPageIsResidentWhateverItsEntrySays() {
    present(0, PageEntry.resident(9));
    present(1, PageEntry.ZERO | PageEntry.FETCHING);
    present(2, PageEntry.remote(1, 77, 3) | PageEntry.FETCHING);
    present(3, PageEntry.remote(0, 78, 0) | PageEntry.EVICTING);
    present(9, PageEntry.residentWithCopy(1, 5, 2));
    pager.recover();

    assertThat(table.get(0)).isEqualTo(PageEntry.resident(9));
    assertThat(table.get(1)).isEqualTo(PageEntry.resident(0));
    assertThat(table.get(2)).isEqualTo(PageEntry.residentWithCopy(1, 77, 3));
    assertThat(table.get(3)).isEqualTo(PageEntry.residentWithCopy(0, 78, 0));
    assertThat(table.get(9)).isEqualTo(PageEntry.residentWithCopy(1, 5, 2));
    assertThat(pager.budget().resident()).isEqualTo(5);
  }

  @Test
  void aHoleIsWhatItsEntrySaysWithoutTheMarksOfDeadThreads() {
    table.set(0, PageEntry.remote(0, 11, 4) | PageEntry.FETCHING);
    table.set(1, PageEntry.ZERO | PageEntry.EVICTING);
    table.set(2, PageEntry.resident(3));
    table.set(3, PageEntry.remote(1, 12, 5));
    pager.recover();

    assertThat(table.get(0)).isEqualTo(PageEntry.remote(0, 11, 4));
    assertThat(table.get(1)).isEqualTo(PageEntry.ZERO);
    assertThat(table.get(2)).isEqualTo(PageEntry.ZERO);
    assertThat(table.get(3)).isEqualTo(PageEntry.remote(1, 12, 5));
    assertThat(pager.budget().resident()).isZero();
  }

  @Test
  void whatSubHostsHoldIsCountedCopiesToo() {
    present(0, PageEntry.remote(1, 77, 3) | PageEntry.FETCHING);
    present(1, PageEntry.residentWithCopy(0, 5, 2));
    table.set(2, PageEntry.remote(1, 12, 5));
    table.set(3, PageEntry.remote(0, 11, 4) | PageEntry.FETCHING);
    table.set(63, PageEntry.remote(1, 13, 4));
    pager.recover();

    assertThat(hosts.all().get(0).usedPages()).isEqualTo(2);
    assertThat(hosts.all().get(1).usedPages()).isEqualTo(3);
  }
}
