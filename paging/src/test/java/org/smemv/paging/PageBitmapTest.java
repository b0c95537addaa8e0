package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PageBitmapTest {
  @Test
  void itAnswersAsABitSetDoesWhateverItsSize() {
    for (long seed = 1; seed <= 60; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int pages = 1 + random.nextInt(300);
      PageBitmap set = new PageBitmap(pages);
      BitSet wanted = new BitSet();
      for (int step = 0; step < 600; step++) {
        int page = random.nextInt(pages);
        String where = "seed " + seed + " step " + step;
        if (random.nextInt(3) > 0) {
          assertThat(set.add(page)).as(where).isEqualTo(!wanted.get(page));
          wanted.set(page);
        } else {
          assertThat(set.remove(page)).as(where).isEqualTo(wanted.get(page));
          wanted.clear(page);
        }
        int from = random.nextInt(pages + 70);
        assertThat(set.next(from)).as(where).isEqualTo(wanted.nextSetBit(from));
        assertThat(set.nextMissing(from))
            .as(where)
            .isEqualTo(from < pages ? Math.min(pages, wanted.nextClearBit(from)) : pages);
        assertThat(set.count()).as(where).isEqualTo(wanted.cardinality());
      }
    }
  }

  @Test
  void threadsThatChangePagesOfOneWordDoNotMissEachOther() throws Exception {
    PageBitmap set = new PageBitmap(64);
    Thread[] threads = new Thread[4];
    for (int i = 0; i < threads.length; i++) {
      int own = i;
      threads[i] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int step = 0; step < 40_000; step++) {
                      for (int page = own; page < 64; page += threads.length) {
                        boolean ignored = step % 2 == 0 ? set.add(page) : set.remove(page);
                      }
                    }
                    for (int page = own; page < 32; page += threads.length) {
                      boolean ignored = set.add(page);
                    }
                  });
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(set.count()).isEqualTo(32);
    assertThat(set.nextMissing(0)).isEqualTo(32);
  }
}
