package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smemv.paging.TestPages.drop;
import static org.smemv.paging.TestPages.look;
import static org.smemv.paging.TestPages.put;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PageStoreTest {
  private static final UUID VM = new UUID(1, 2);

  private final SlabPool pool = new SlabPool(4096, 16);
  private final PageStore store = new PageStore(VM, pool, 1L << 30, 1000, 1);

  @AfterEach
  void close() {
    store.close();
    assertThat(pool.chargedPages()).isZero();
    assertThat(pool.slotsInUse()).isZero();
    pool.close();
  }

  private static void assertRefused(ErrorCode code, Runnable action) {
    assertThatThrownBy(action::run)
        .isInstanceOfSatisfying(FrameException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void aPageIsFoundAsItWasPutUntilItIsDropped() {
    assertThat(look(store, 7, 1)).isEqualTo("absent");
    put(store, 1, 7, 1);
    assertThat(look(store, 7, 1)).isEqualTo("right");
    assertThat(look(store, 7, 1)).as("a GET does not remove").isEqualTo("right");
    put(store, 1, 7, 2);
    assertThat(look(store, 7, 2)).isEqualTo("right");
    put(store, 1, 7, 0);
    assertThat(look(store, 7, 0)).isEqualTo("zero");
    drop(store, 1, 7);
    assertThat(look(store, 7, 0)).isEqualTo("absent");
    drop(store, 1, 7);
    PageStore.Status status = store.status();
    assertThat(status.puts()).isEqualTo(3);
    assertThat(status.drops()).isEqualTo(2);
    assertThat(status.gets()).isEqualTo(6);
    assertThat(status.pages()).isZero();
    assertThat(status.indexBytes()).isZero();
  }

  @Test
  void zeroPagesTakeNoSlotAndNoGrant() {
    store.grantPages(0);
    for (long page = 0; page < 100; page++) {
      put(store, 1, page, 0);
    }
    assertThat(store.status().zeroPages()).isEqualTo(100);
    assertThat(store.status().bytes()).isZero();
    assertThat(pool.memoryBytes()).isZero();
  }

  @Test
  void aFullStoreRefusesNewPagesButTakesNewContentsOfOldOnes() {
    store.grantPages(2);
    put(store, 1, 1, 11);
    put(store, 1, 2, 12);
    assertRefused(ErrorCode.CAPACITY, () -> put(store, 1, 3, 13));
    assertThat(look(store, 3, 13)).isEqualTo("absent");
    put(store, 1, 2, 22);
    assertThat(look(store, 2, 22)).isEqualTo("right");
    put(store, 1, 1, 0);
    put(store, 1, 3, 13);
    assertThat(store.status().pages()).isEqualTo(2);
  }

  @Test
  void whatPublishRefusesIsNotStoredAndHoldsNoSlot() {
    PageBatch batch = new PageBatch();
    batch.epoch(1);
    batch.add(1, 0, 0);
    batch.add(2, 0, 0);
    store.prepare(batch);
    store.grantPages(1); // shrinks while the bytes are on their way
    assertRefused(ErrorCode.CAPACITY, () -> store.publish(batch));
    store.abandon(batch);
    assertThat(look(store, 1, 0)).isEqualTo("absent");
    assertThat(look(store, 2, 0)).isEqualTo("absent");
    assertThat(pool.chargedPages()).isZero();
  }

  @Test
  void aFullHostRefusesAPageOfAnyVm() {
    try (SlabPool small = new SlabPool(3, 4);
        PageStore one = new PageStore(new UUID(0, 1), small, 100, 100, 1);
        PageStore two = new PageStore(new UUID(0, 2), small, 100, 100, 1)) {
      put(one, 1, 1, 1);
      put(one, 1, 2, 2);
      put(two, 1, 1, 3);
      assertRefused(ErrorCode.CAPACITY, () -> put(two, 1, 2, 4));
      assertThat(look(two, 1, 3)).isEqualTo("right");
      drop(one, 1, 1);
      put(two, 1, 2, 4);
      assertThat(look(two, 2, 4)).isEqualTo("right");
    }
  }

  @Test
  void theSamePageTwiceInAFrameIsCountedOnce() {
    PageBatch batch = new PageBatch();
    batch.epoch(1);
    batch.add(5, TestPages.checksum(1), 0);
    batch.add(5, TestPages.checksum(2), 0);
    store.prepare(batch);
    TestPages.fill(batch.address(0), 1);
    TestPages.fill(batch.address(1), 2);
    store.publish(batch);
    assertThat(look(store, 5, 2)).isEqualTo("right");
    assertThat(store.status().pages()).isEqualTo(1);
    assertThat(pool.chargedPages()).isEqualTo(1);
  }

  @Test
  void anOlderEpochIsFencedOffEvenWhenItsFrameIsOnTheWay() {
    PageBatch late = new PageBatch();
    late.epoch(1);
    late.add(5, 0, 0);
    store.admit(1);
    store.prepare(late);
    store.admit(2);
    assertRefused(ErrorCode.STALE_EPOCH, () -> store.publish(late));
    store.abandon(late);
    assertRefused(ErrorCode.STALE_EPOCH, () -> store.admit(1));
    assertRefused(ErrorCode.STALE_EPOCH, () -> drop(store, 1, 5));
    assertThat(look(store, 5, 0)).isEqualTo("absent");
    assertThat(store.status().epoch()).isEqualTo(2);
  }

  @Test
  void aPageOutsideTheVmIsRefused() {
    assertRefused(ErrorCode.REFUSED, () -> put(store, 1, 1L << 30, 1));
    assertRefused(ErrorCode.REFUSED, () -> put(store, 1, 1L << 30, 0));
  }

  @Test
  void aClosedStoreKnowsItsVmNoMoreButLetsReadersFinish() {
    put(store, 1, 9, 3);
    PageBatch reading = new PageBatch();
    reading.add(9);
    store.find(reading, 0);
    store.close();
    assertThat(TestPages.matches(reading.address(0), 3)).isTrue();
    store.release(reading);
    assertRefused(ErrorCode.UNKNOWN_VM, () -> store.admit(1));
    assertRefused(ErrorCode.UNKNOWN_VM, () -> put(store, 1, 9, 3));
    assertThat(pool.chargedPages()).isZero();
  }

  @Test
  void placesAreNotForAStore() {
    assertRefused(ErrorCode.REFUSED, () -> store.place(new PageBatch()));
  }

  @Test
  void theStoreAgreesWithAMapOverRandomFrames() {
    for (long seed = 1; seed <= 8; seed++) {
      Random random = new Random(seed);
      Map<Long, Long> model = new HashMap<>();
      try (PageStore subject = new PageStore(VM, pool, 1L << 30, 300, 1)) {
        for (int step = 0; step < 1500; step++) {
          randomFrame(subject, model, random);
          long stored = model.values().stream().filter(content -> content != 0).count();
          assertThat(subject.status().pages()).as("seed %d step %d", seed, step).isEqualTo(stored);
          assertThat(pool.chargedPages()).isEqualTo(stored);
        }
        model.forEach(
            (page, content) ->
                assertThat(look(subject, page, content))
                    .isEqualTo(content == 0 ? "zero" : "right"));
        assertThat(subject.status().zeroPages() + subject.status().pages()).isEqualTo(model.size());
      }
      assertThat(pool.chargedPages()).isZero();
    }
  }

  private static void randomFrame(PageStore subject, Map<Long, Long> model, Random random) {
    PageBatch batch = new PageBatch();
    batch.epoch(1);
    Map<Long, Long> frame = new HashMap<>();
    int size = 1 + random.nextInt(12);
    while (frame.size() < size) {
      long page = random.nextInt(20) * (1L << random.nextInt(26)) + random.nextInt(30);
      frame.put(page, random.nextInt(4) == 0 ? 0 : random.nextLong());
    }
    if (random.nextInt(3) == 0) {
      frame.keySet().forEach(batch::add);
      subject.drop(batch);
      frame.keySet().forEach(model::remove);
      return;
    }
    frame.forEach(
        (page, content) ->
            batch.add(
                page,
                content == 0 ? 0 : TestPages.checksum(content),
                content == 0 ? PageFlags.ZERO : 0));
    try {
      subject.prepare(batch);
      for (int i = 0; i < batch.size(); i++) {
        if (batch.hasContents(i)) {
          TestPages.fill(batch.address(i), frame.get(batch.page(i)));
        }
      }
      subject.publish(batch);
      model.putAll(frame);
    } catch (FrameException full) {
      assertThat(full.code()).isEqualTo(ErrorCode.CAPACITY);
      long after = model.values().stream().filter(content -> content != 0).count();
      after +=
          frame.entrySet().stream()
              .filter(e -> e.getValue() != 0 && model.getOrDefault(e.getKey(), 0L) == 0)
              .count();
      assertThat(after).isGreaterThan(300);
    }
  }

  @Test
  void readersNeverSeeATornOrForeignPageWhileWritersReplaceAndDrop() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<String> wrong = new AtomicReference<>();
    Thread[] readers = new Thread[2];
    for (int r = 0; r < readers.length; r++) {
      long seed = r;
      readers[r] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    Random random = new Random(seed);
                    while (!stop.get()) {
                      long page = random.nextInt(8);
                      String found = lookForOwnNumber(page);
                      if (found != null) {
                        wrong.set(found);
                      }
                    }
                  });
    }
    Random random = new Random(5);
    for (int step = 0; step < 30_000; step++) {
      long page = random.nextInt(8);
      if (random.nextInt(5) == 0) {
        drop(store, 1, page);
      } else {
        put(store, 1, page, page + 1); // every version of a page has its own number in it
      }
    }
    stop.set(true);
    for (Thread reader : readers) {
      reader.join();
    }
    assertThat(wrong.get()).isNull();
  }

  private String lookForOwnNumber(long page) {
    String found = look(store, page, page + 1);
    return found.equals("wrong") ? "page " + page : null;
  }

  @Test
  void theOverheadOfAStoredPageIsAtMostTwoPercent() {
    try (SlabPool big = new SlabPool(65_536, 4);
        PageStore dense = new PageStore(VM, big, 1L << 30, 65_536, 1);
        PageStore third = new PageStore(new UUID(3, 4), big, 1L << 30, 65_536, 1)) {
      fillEmpty(dense, 32_768, 1);
      assertThat(overhead(dense.status(), big)).isLessThan(0.01);
      dense.close();
      // Every third page: what a sub-host has when a VM's pages are spread over three.
      fillEmpty(third, 32_768, 3);
      assertThat(overhead(third.status(), big)).isLessThan(0.02);
    }
  }

  private static double overhead(PageStore.Status status, SlabPool big) {
    long slack = big.memoryBytes() - status.bytes();
    assertThat(slack).isBetween(0L, (long) (SlabPool.WARM_SLABS_MAX + 1) * SlabPool.SLAB_BYTES);
    return (double) (status.indexBytes() + big.indexBytes()) / status.bytes();
  }

  private static void fillEmpty(PageStore subject, int pages, int stride) {
    PageBatch batch = new PageBatch();
    for (long page = 0; page < (long) pages * stride; page += stride) {
      batch.epoch(1);
      batch.add(page, 0, 0);
      if (batch.room() == 0) {
        subject.prepare(batch);
        subject.publish(batch);
        batch.clear();
      }
    }
  }
}
