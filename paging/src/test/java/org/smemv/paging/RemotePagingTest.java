package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/**
 * A real process under remote paging with real page servers: it may have a quarter of its memory,
 * and checks everything that it reads.
 */
@Timeout(180)
class RemotePagingTest {
  private static final UUID VM = new UUID(7, 7);
  private static final long PAGES = 4096;
  private static final long LIMIT = 1024;

  private final ConcurrentLinkedQueue<Throwable> broken = new ConcurrentLinkedQueue<>();
  private MemoryDirectory directory;
  private Path ram;
  private StoreServer first;
  private StoreServer second;
  private VerifyingGuest guest;
  private PageTable table;
  private GuestAttachment attachment;
  private GuestPager pager;

  @BeforeEach
  void startAGuest() throws Exception {
    directory = new MemoryDirectory();
    ram = directory.resolve("ram");
    MemoryFile.create(ram, PAGES * 4096).close();
    guest = new VerifyingGuest(ram, 2, 42);
    first = new StoreServer(VM, PAGES);
    second = new StoreServer(VM, PAGES);
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    table.limitPages(LIMIT);
    attach(1);
  }

  private void attach(long epoch) throws Exception {
    attachment = GuestAttachment.attach(guest.pid(), ram, table);
    SubHosts hosts = new SubHosts(VM, epoch, "main");
    hosts.add(new SubHost.Identity(0, "s1", first.address()), PAGES / 2);
    hosts.add(new SubHost.Identity(1, "s2", second.address()), PAGES / 2);
    pager = new GuestPager(attachment, hosts, Duration.ofNanos(50_000), broken::add);
    pager.recover();
    pager.serveFaults();
    pager.keepWithinLimit();
  }

  @AfterEach
  void tearDown() throws Exception {
    guest.close();
    pager.close();
    attachment.close();
    table.close();
    first.close();
    second.close();
    directory.close();
  }

  private long residentNow() throws Exception {
    try (MemoryFile file = MemoryFile.open(ram)) {
      long count = 0;
      for (long at = file.nextData(0); at < file.bytes(); at = file.nextData(at)) {
        long hole = file.nextHole(at);
        count += (hole - at) >>> 12;
        at = hole;
      }
      return count;
    }
  }

  @Test
  void aProcessWithAQuarterOfItsMemoryReadsWhatItWrote() throws Exception {
    guest.begin();
    for (int i = 0; i < 40; i++) {
      Thread.sleep(100);
      assertThat(residentNow()).isLessThanOrEqualTo(LIMIT);
    }
    String end = guest.finish();
    System.out.printf(
        "%s; remote %d zero %d repeated %d refused %d; evicted %d zeros %d rewritten %d late %d"
            + " dropped %d failures %d; p50 %d us p99 %d us%n",
        end,
        pager.faults().remote(),
        pager.faults().zero(),
        pager.faults().repeated(),
        pager.faults().refused(),
        pager.evictions().evicted(),
        pager.evictions().zeros(),
        pager.evictions().rewritten(),
        pager.evictions().lateWrites(),
        pager.evictions().dropped(),
        pager.evictions().failures(),
        pager.faults().latency().getValueAtPercentile(50) / 1000,
        pager.faults().latency().getValueAtPercentile(99) / 1000);
    assertThat(end).endsWith("wrong 0");
    assertThat(broken).isEmpty();
    assertThat(pager.evictions().evicted()).isGreaterThan(1000);
    assertThat(pager.faults().remote()).isGreaterThan(500);
  }
}
