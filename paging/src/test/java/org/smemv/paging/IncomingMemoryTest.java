package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.linux.MemoryFile;

/** What a source says of pages that are elsewhere. */
class IncomingMemoryTest {
  private static final long PAGES = 16;
  private static final long EPOCH = 3;

  @TempDir Path directory;
  private final UUID vm = UUID.randomUUID();

  /** Nobody would ever be asked for such a page, and the guest would wait for it for ever. */
  @Test
  void aPageAtASubHostThatTheVmDoesNotHaveIsRefusedAndChangesNothing() {
    SubHosts subHosts = new SubHosts(vm, EPOCH, "main");
    InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    subHosts.add(new SubHost.Identity(2, "s2", nowhere), PAGES);
    try (MemoryFile ram = MemoryFile.create(directory.resolve("ram"), PAGES * 4096);
        PageTable table = PageTable.create(directory.resolve("table"), vm, PAGES)) {
      IncomingMemory incoming = incoming(table, ram, subHosts);
      assertThatThrownBy(() -> incoming.place(placed(2, 1)))
          .isInstanceOfSatisfying(
              FrameException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
          .hasMessageContaining("page 8 is said to be on sub-host 1");
      assertThat(table.get(7)).isEqualTo(PageEntry.ZERO);

      incoming.place(placed(2, 2));
      assertThat(PageEntry.host(table.get(8))).isEqualTo(2);
    }
  }

  @Test
  void aRunOfPagesThatDoesNotFitTheVmIsRefusedAndChangesNothing() {
    SubHosts subHosts = new SubHosts(vm, EPOCH, "main");
    InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    subHosts.add(new SubHost.Identity(2, "s2", nowhere), PAGES);
    try (MemoryFile ram = MemoryFile.create(directory.resolve("ram"), PAGES * 4096);
        PageTable table = PageTable.create(directory.resolve("table"), vm, PAGES)) {
      IncomingMemory incoming = incoming(table, ram, subHosts);
      assertThatThrownBy(() -> incoming.place(run(7, (int) PAGES - 6, 2)))
          .isInstanceOfSatisfying(
              FrameException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
          .hasMessageContaining("page " + PAGES);
      assertThatThrownBy(() -> incoming.place(run(7, 3, 1))).hasMessageContaining("sub-host 1");
      assertThat(table.get(7)).isEqualTo(PageEntry.ZERO);

      table.set(8, PageEntry.remote(2, 77, 0));
      subHosts.countUsed(2, 1);
      incoming.place(run(7, (int) PAGES - 7, 2));
      for (int page = 7; page < PAGES; page++) {
        assertThat(table.get(page)).isEqualTo(PageEntry.remote(2, PageChecksum.UNKNOWN, 5));
      }
      assertThat(subHosts.at(2).usedPages()).isEqualTo(PAGES - 7);
    }
  }

  private static PageBatch run(long first, int count, int host) {
    PageBatch batch = new PageBatch();
    batch.epoch(EPOCH);
    batch.add(first, count, PageFlags.of(5, host) | PageFlags.RUN);
    return batch;
  }

  /** Its thread would go on for ever, and nobody could let go of the memory. */
  @Test
  void whoWaitsForAPageThatNobodyFinishesToInstallEndsWithTheArrival() throws Exception {
    SubHosts subHosts = new SubHosts(vm, EPOCH, "main");
    InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    subHosts.add(new SubHost.Identity(2, "s2", nowhere), PAGES);
    try (MemoryFile ram = MemoryFile.create(directory.resolve("ram"), PAGES * 4096);
        PageTable table = PageTable.create(directory.resolve("table"), vm, PAGES)) {
      IncomingMemory incoming = incoming(table, ram, subHosts);
      table.set(7, PageEntry.remote(2, 77, 0) | PageEntry.FETCHING);
      FutureTask<Throwable> placing =
          new FutureTask<>(() -> catchThrowable(() -> incoming.place(placed(2, 2))));
      Thread.ofPlatform().daemon().start(placing);
      assertThatThrownBy(() -> placing.get(200, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);

      incoming.close();

      assertThat(placing.get(10, TimeUnit.SECONDS)).hasMessageContaining("not arriving any more");
    }
  }

  private static IncomingMemory incoming(PageTable table, MemoryFile ram, SubHosts subHosts) {
    return new IncomingMemory(
        table, new GuestMemory(ram, 0), new ResidentBudget(PAGES, Long.MAX_VALUE), subHosts, EPOCH);
  }

  private static PageBatch placed(int hostOf7, int hostOf8) {
    PageBatch batch = new PageBatch();
    batch.epoch(EPOCH);
    batch.add(7, 77, PageFlags.of(0, hostOf7));
    batch.add(8, 88, PageFlags.of(0, hostOf8));
    return batch;
  }
}
