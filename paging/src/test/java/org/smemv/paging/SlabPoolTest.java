package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smemv.linux.NativeMemory;

class SlabPoolTest {
  private static PageBatch batch(int pages) {
    PageBatch batch = new PageBatch();
    for (int i = 0; i < pages; i++) {
      batch.add(i);
    }
    return batch;
  }

  private static void free(SlabPool pool, PageBatch batch) {
    pool.free(batch.spare(), batch.takeTickets());
  }

  @Test
  void everySlotIsGivenOnceUntilItIsFree() {
    try (SlabPool pool = new SlabPool(1024, 4)) {
      Set<Integer> slots = new HashSet<>();
      List<PageBatch> batches = new ArrayList<>();
      for (int frame = 0; frame < 8; frame++) {
        PageBatch batch = batch(256);
        pool.allocate(batch);
        for (int i = 0; i < 256; i++) {
          assertThat(slots.add(batch.ticket(i))).isTrue();
          assertThat(batch.address(i)).isEqualTo(pool.address(batch.ticket(i)));
        }
        batches.add(batch);
      }
      assertThatThrownBy(() -> pool.allocate(batch(1)))
          .isInstanceOfSatisfying(
              FrameException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CAPACITY));
      free(pool, batches.get(3));
      PageBatch again = batch(256);
      pool.allocate(again);
      assertThat(slots).contains(again.ticket(0));
    }
  }

  @Test
  void aFrameThatDoesNotFitHoldsNothing() {
    try (SlabPool pool = new SlabPool(768, 1)) {
      List<PageBatch> batches = new ArrayList<>();
      for (int frame = 0; frame < 3; frame++) {
        batches.add(batch(256));
        pool.allocate(batches.get(frame));
      }
      pool.allocate(batch(200));
      assertThatThrownBy(() -> pool.allocate(batch(57))).isInstanceOf(FrameException.class);
      pool.allocate(batch(56));
    }
  }

  @Test
  void aSlotWithAReaderIsNotGivenToAnother() {
    try (SlabPool pool = new SlabPool(0, 4)) {
      PageBatch batch = batch(1);
      pool.allocate(batch);
      int slot = batch.ticket(0);
      assertThat(pool.pin(slot)).isTrue();
      free(pool, batch);
      PageBatch other = batch(1);
      pool.allocate(other);
      assertThat(other.ticket(0)).isNotEqualTo(slot);
      pool.free(new int[] {slot}, 1);
      assertThat(pool.pin(slot)).isFalse();
    }
  }

  @Test
  void theChargeNeverPassesTheCapacity() {
    try (SlabPool pool = new SlabPool(100, 1)) {
      assertThat(pool.charge(60)).isTrue();
      assertThat(pool.charge(41)).isFalse();
      assertThat(pool.chargedPages()).isEqualTo(60);
      assertThat(pool.hasRoom(40)).isTrue();
      pool.uncharge(60);
      assertThat(pool.charge(100)).isTrue();
    }
  }

  @Test
  void slabsThatAreWhollyFreeGiveTheirMemoryBackToTheKernel() throws IOException {
    int frames = 64; // 64 MiB in 16 slabs
    try (SlabPool pool = new SlabPool(0, frames)) {
      long before = residentBytes();
      List<PageBatch> batches = new ArrayList<>();
      for (int frame = 0; frame < frames; frame++) {
        PageBatch batch = batch(256);
        pool.allocate(batch);
        for (int i = 0; i < 256; i++) {
          NativeMemory.all().set(ValueLayout.JAVA_LONG, batch.address(i), 1);
        }
        batches.add(batch);
      }
      assertThat(pool.memoryBytes()).isEqualTo(64L << 20);
      assertThat(residentBytes() - before).isGreaterThan(56L << 20);
      for (PageBatch batch : batches) {
        free(pool, batch);
      }
      long warm = (long) SlabPool.WARM_SLABS_MAX * SlabPool.SLAB_BYTES;
      assertThat(pool.memoryBytes()).isEqualTo(warm);
      assertThat(residentBytes() - before).isLessThan(warm + (16L << 20));
    }
  }

  private static long residentBytes() throws IOException {
    String[] fields = Files.readString(Path.of("/proc/self/statm")).split(" ");
    return Long.parseLong(fields[1]) * 4096;
  }
}
