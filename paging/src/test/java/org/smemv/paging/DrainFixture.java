package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.smemv.linux.MemoryFile;

/** The memory of a process that is paged, and some sub-hosts named s0, s1, ... */
final class DrainFixture implements AutoCloseable {
  static final UUID VM = new UUID(5, 3);

  final ConcurrentLinkedQueue<Throwable> broken = new ConcurrentLinkedQueue<>();
  final MemoryDirectory directory;
  final Path ram;
  final long pages;
  final List<StoreServer> stores = new ArrayList<>();
  final PageTable table;
  final AtomicLong clock = new AtomicLong();
  private long epoch;
  GuestAttachment attachment;
  GuestPager pager;

  DrainFixture(long pages, long limit, int storeCount) throws Exception {
    this.pages = pages;
    directory = new MemoryDirectory();
    ram = directory.resolve("ram");
    MemoryFile.create(ram, pages * 4096).close();
    table = PageTable.create(directory.resolve("table"), VM, pages);
    table.limitPages(limit);
    for (int i = 0; i < storeCount; i++) {
      stores.add(new StoreServer(VM, pages, "s" + i));
    }
    for (StoreServer store : stores) {
      for (int i = 0; i < storeCount; i++) {
        store.neighbours.put("s" + i, stores.get(i).address());
      }
    }
  }

  SubHost.Identity identity(int store, int index) {
    return new SubHost.Identity(index, "s" + store, stores.get(store).address());
  }

  /** Serves the faults of a process, with the first stores as sub-hosts. */
  void attach(long guestPid, int subHosts) throws Exception {
    serve(guestPid, subHosts, new SubHosts(VM, ++epoch, "main"));
    pager.keepWithinLimit();
    awaitConnected();
  }

  /** As the other, but sub-hosts are only read from, as before a VM has come here for good. */
  void attachReading(long guestPid, int subHosts) throws Exception {
    serve(guestPid, subHosts, SubHosts.reading(VM, ++epoch, "main"));
  }

  private void serve(long guestPid, int subHosts, SubHosts hosts) throws Exception {
    attachment = GuestAttachment.attach(guestPid, ram, table);
    for (int i = 0; i < subHosts; i++) {
      hosts.add(identity(i, i), pages);
    }
    pager = new GuestPager(attachment, hosts, Duration.ofNanos(50_000), broken::add, clock::get);
    pager.recover();
    pager.serveFaults();
  }

  /** So that whoever attaches next is newer than what the stores have seen. */
  void skipEpochs(int count) {
    epoch += count;
  }

  void awaitConnected() {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> pager.subHosts().all().stream().allMatch(SubHost::stores));
  }

  void detach() {
    pager.close();
    attachment.close();
  }

  /** Puts a page of a seed at a sub-host, as if it had been evicted. */
  void place(int host, long page, long seed, int heat) {
    place(stores.get(host), host, page, seed, heat);
  }

  private void place(StoreServer store, int host, long page, long seed, int heat) {
    TestPages.put(store.store, store.store.status().epoch(), page, seed);
    table.set(page, PageEntry.remote(host, TestPages.checksum(seed), heat));
    if (pager != null) {
      pager.subHosts().countUsed(host, 1);
    }
  }

  void awaitDrained(int host) {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> {
              assertThat(broken).isEmpty();
              assertThat(pager.drained(host)).as("%s", pager.draining(host)).isTrue();
            });
    assertThat(pager.remaining(host)).isZero();
    assertThat(pager.draining(host).stalled()).isNull();
  }

  /** Waits until no copy is left to be dropped; the guest stands still. */
  void awaitNoCopies() {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> {
              for (long page = 0; page < pages; page++) {
                long entry = table.get(page);
                assertThat(PageEntry.has(entry, PageEntry.COPY | PageEntry.BUSY))
                    .as("page %d with entry %x", page, entry)
                    .isFalse();
              }
            });
  }

  /**
   * Every store holds exactly what the table places there, with the right contents.
   *
   * @param storeOf the store that is the sub-host with each index
   */
  void assertStoresHoldWhatTheTableSays(int... storeOf) {
    for (int index = 0; index < storeOf.length; index++) {
      PageStore store = stores.get(storeOf[index]).store;
      long held = 0;
      PageBatch batch = new PageBatch();
      for (long page = 0; page < pages; page++) {
        long entry = table.get(page);
        batch.clear();
        batch.add(page);
        store.look(batch);
        boolean placed = PageEntry.names(entry, index);
        assertThat(!PageFlags.isAbsent(batch.flags(0)))
            .as("page %d at sub-host %d with entry %x", page, index, entry)
            .isEqualTo(placed);
        if (placed) {
          held++;
          assertThat(batch.checksum(0)).as("page %d", page).isEqualTo(PageEntry.checksum(entry));
        }
      }
      SubHost host = pager == null ? null : pager.subHosts().at(index);
      if (host != null) {
        assertThat(host.usedPages()).as("pages counted at %d", index).isEqualTo(held);
      }
    }
  }

  @Override
  public void close() throws Exception {
    if (pager != null) {
      detach();
    }
    table.close();
    stores.forEach(StoreServer::close);
    directory.close();
  }
}
