package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/** What is left of a VM where it was, over real connections. */
@Timeout(60)
class LeftMemoryServerTest {
  private static final UUID VM = new UUID(6, 4);
  private static final int PAGES = 1024;
  private static final long EPOCH = 3;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final Arena arena = Arena.ofShared();
  private MemoryDirectory directory;
  private LeavingHost old;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    Path ram = directory.resolve("ram");
    try (MemoryFile file = MemoryFile.create(ram, PAGES * 4096L)) {
      for (long page = 0; page < PAGES; page++) {
        TestPages.fill(file.mapped().address() + page * 4096, page + 1);
      }
    }
    old = new LeavingHost(VM, ram, EPOCH);
  }

  @AfterEach
  void stop() throws Exception {
    old.close();
    arena.close();
    directory.close();
  }

  private PageLink link(TrafficClass traffic, long epoch) {
    return PageLink.open(
        new LinkTarget(old.server.address(), VM, epoch, traffic, 0, "main", TIMEOUT));
  }

  private static PageBatch drops(int from, int to) {
    PageBatch drops = new PageBatch();
    for (int page = from; page < to; page++) {
      drops.add(page % PAGES);
    }
    return drops;
  }

  /** Pages of an answer that have contents; those that are not absent must be right. */
  private static int right(PageBatch answer) {
    int right = 0;
    for (int i = 0; i < answer.size(); i++) {
      if (!PageFlags.isAbsent(answer.flags(i))) {
        assertThat(TestPages.matches(answer.address(i), answer.page(i) + 1))
            .as("page %d", answer.page(i))
            .isTrue();
        right++;
      }
    }
    return right;
  }

  @Test
  void aConnectionMadeWhileTheVmRunsIsServedOnceItStands() {
    try (PageLink reader = link(TrafficClass.FAULT, EPOCH)) {
      MemorySegment memory = arena.allocate(4096, 4096);
      PageBatch batch = new PageBatch();
      batch.add(5);
      reader.get(batch, memory);
      assertThat(PageFlags.isAbsent(batch.flags(0))).isTrue();
      assertThatThrownBy(() -> link(TrafficClass.BULK, EPOCH + 9))
          .isInstanceOfSatisfying(
              PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
      PageBitmap left = new PageBitmap(PAGES);
      assertThat(left.add(5)).isTrue();
      old.memory.serve(left);
      batch.clear();
      batch.add(5);
      reader.get(batch, memory);
      assertThat(right(batch)).isEqualTo(1);
    }
  }

  @Test
  void pagesThatAreDroppedWhileTheyAreBeingSentArriveWholeAndAreFreedThen() {
    old.restart();
    int requests = 60; // 60 MiB, more than connections take before somebody reads
    try (PageLink reader = link(TrafficClass.PREFETCH, EPOCH);
        PageLink bulk = link(TrafficClass.BULK, EPOCH)) {
      MemorySegment memory = arena.allocate(PageBatch.CAPACITY * 4096L, 4096);
      PageBatch batch = new PageBatch();
      for (int i = 0; i < PageBatch.CAPACITY; i++) {
        batch.add(i, 0, 0, memory.address() + i * 4096L);
      }
      for (int i = 0; i < requests; i++) {
        reader.requestPages(batch);
      }
      awaitThatNothingMoreIsTaken();
      bulk.drop(drops(0, PageBatch.CAPACITY));
      assertThat(old.memory.remaining()).isEqualTo(PAGES - PageBatch.CAPACITY);
      assertThat(old.presentPages()).isEqualTo(PAGES); // all of them are being sent
      int whole = 0;
      for (int i = 0; i < requests; i++) {
        memory.fill((byte) 0);
        reader.receivePages(batch);
        whole += right(batch);
      }
      assertThat(whole).isBetween(PageBatch.CAPACITY, (requests - 1) * PageBatch.CAPACITY);
      await().until(() -> old.presentPages() == PAGES - PageBatch.CAPACITY);
    }
  }

  private void awaitThatNothingMoreIsTaken() {
    long[] before = {0};
    await()
        .pollInterval(Duration.ofMillis(200))
        .until(
            () -> {
              long now = old.memory.servedBytes();
              boolean same = now == before[0] && now > 0;
              before[0] = now;
              return same;
            });
  }

  @Test
  void readersAndDropsAtRandomMeetWithoutAWrongByte() throws Exception {
    for (long seed = 1; seed <= 4; seed++) {
      old.restart();
      var failures = new ConcurrentLinkedQueue<Throwable>();
      Thread faults = reading(TrafficClass.FAULT, seed, 1, failures);
      Thread prefetch = reading(TrafficClass.PREFETCH, seed + 100, 40, failures);
      SplittableRandom random = new SplittableRandom(seed);
      try (PageLink bulk = link(TrafficClass.BULK, EPOCH)) {
        int from = random.nextInt(PAGES);
        for (int done = 0; done < PAGES; ) {
          int next = Math.min(PAGES, done + 1 + random.nextInt(20));
          bulk.drop(drops(from + done, from + next));
          done = next;
        }
      }
      faults.join();
      prefetch.join();
      assertThat(failures).as("seed %d", seed).isEmpty();
      await().until(() -> old.presentPages() == 0);
      refill();
    }
  }

  private Thread reading(
      TrafficClass traffic, long seed, int pages, ConcurrentLinkedQueue<Throwable> failures) {
    SplittableRandom random = new SplittableRandom(seed);
    MemorySegment memory = arena.allocate(pages * 4096L, 4096);
    return Thread.ofPlatform()
        .start(
            () -> {
              try (PageLink reader = link(traffic, EPOCH)) {
                PageBatch batch = new PageBatch();
                do {
                  batch.clear();
                  for (int i = 0; i < pages; i++) {
                    batch.add(random.nextInt(PAGES));
                  }
                  reader.get(batch, memory);
                  int ignored = right(batch);
                } while (old.memory.remaining() > 0);
              } catch (Throwable e) {
                failures.add(e);
              }
            });
  }

  private void refill() {
    try (MemoryFile file = MemoryFile.open(directory.resolve("ram"))) {
      for (long page = 0; page < PAGES; page++) {
        TestPages.fill(file.mapped().address() + page * 4096, page + 1);
      }
    }
  }
}
