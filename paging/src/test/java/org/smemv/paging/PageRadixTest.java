package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PageRadixTest {
  private final PageRadix radix = new PageRadix();

  @Test
  void theTreeIsAsHighAsTheHighestPageNeeds() {
    assertThat(radix.height()).isZero();
    long[] pages = {0, 511, 512, 262_143, 262_144, (1L << 27) - 1, 1L << 27, (1L << 36) - 1};
    int[] heights = {1, 1, 2, 2, 3, 3, 4, 4};
    for (int i = 0; i < pages.length; i++) {
      assertThat(radix.set(pages[i], i + 1)).isZero();
      assertThat(radix.height()).as("page %d", pages[i]).isEqualTo(heights[i]);
    }
    for (int i = 0; i < pages.length; i++) {
      assertThat(radix.get(pages[i])).isEqualTo(i + 1);
    }
  }

  @Test
  void aHighFirstPageMakesNoNodesForLowOnes() {
    radix.set((1L << 36) - 1, 5);
    assertThat(radix.height()).isEqualTo(4);
    assertThat(radix.nodes()).isEqualTo(4);
    assertThat(radix.get(0)).isZero();
    assertThat(radix.get((1L << 36) - 1)).isEqualTo(5);
  }

  @Test
  void nodesGoWithTheirLastEntry() {
    radix.set(3, 1);
    radix.set(1L << 30, 2);
    assertThat(radix.set(1L << 30, 0)).isEqualTo(2);
    assertThat(radix.set(3, 0)).isEqualTo(1);
    assertThat(radix.nodes()).isZero();
    assertThat(radix.height()).isZero();
    assertThat(radix.set(9, 0)).isZero();
    assertThat(radix.nodes()).isZero();
  }

  @Test
  void pagesBeyondTheTreeAreAbsent() {
    radix.set(1, 1);
    assertThat(radix.get(512)).isZero();
    assertThat(radix.get(1L << 35)).isZero();
    assertThat(radix.set(1L << 35, 0)).isZero();
    assertThat(radix.height()).isEqualTo(1);
  }

  @Test
  void theTreeAgreesWithASortedMapOverRandomChanges() {
    for (long seed = 1; seed <= 20; seed++) {
      PageRadix tree = new PageRadix();
      TreeMap<Long, Long> model = new TreeMap<>();
      Random random = new Random(seed);
      for (int step = 0; step < 20_000; step++) {
        long page = random.nextLong(1L << (1 + random.nextInt(1 + (int) (seed % 36))));
        long entry = random.nextInt(3) == 0 ? 0 : random.nextLong();
        Long before = entry == 0 ? model.remove(page) : model.put(page, entry);
        assertThat(tree.set(page, entry))
            .as("seed %d step %d page %d", seed, step, page)
            .isEqualTo(before == null ? 0 : before);
      }
      List<Long> visited = new ArrayList<>();
      tree.forEach(
          (page, entry) -> {
            visited.add(page);
            assertThat(entry).isEqualTo(model.get(page));
            assertThat(tree.get(page)).isEqualTo(entry);
          });
      assertThat(visited).as("seed %d", seed).isEqualTo(List.copyOf(model.keySet()));
      for (int step = 0; step < 2_000; step++) {
        long from = random.nextLong(1L << (1 + random.nextInt(36)));
        Long next = model.ceilingKey(from);
        assertThat(tree.next(from)).as("seed %d from %d", seed, from).isEqualTo(or(next, -1));
      }
      model.keySet().forEach(page -> tree.set(page, 0));
      assertThat(tree.nodes()).as("seed %d", seed).isZero();
    }
  }

  private static long or(@Nullable Long page, long otherwise) {
    return page == null ? otherwise : page;
  }
}
