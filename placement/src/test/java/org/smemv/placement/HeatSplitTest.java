package org.smemv.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HeatSplitTest {
  private static long[] histogram(int[] heats) {
    long[] count = new long[HeatSplit.HEATS];
    for (int heat : heats) {
      count[heat]++;
    }
    return count;
  }

  @Test
  void theHottestPagesThatFitGoToTheMainHost() {
    int[] heats = {0, 200, 0, 50, 255, 0, 50, 0};
    var split = new HeatSplit(histogram(heats), 3, new long[] {10});

    assertThat(split.place(0)).isEqualTo(1);
    assertThat(split.place(200)).isEqualTo(HeatSplit.MAIN);
    assertThat(split.place(0)).isEqualTo(1);
    assertThat(split.place(50)).as("only one of the two fits").isEqualTo(1);
    assertThat(split.place(255)).isEqualTo(HeatSplit.MAIN);
    assertThat(split.place(50)).isEqualTo(HeatSplit.MAIN);
  }

  @Test
  void aPageThatTurnsOutHotWhileOthersAreSentStillFindsRoomOnTheMainHost() {
    // Ten cold pages are known; two of them become hot before their turn comes.
    var split = new HeatSplit(histogram(new int[10]), 4, new long[] {10});

    for (int i = 0; i < 6; i++) {
      assertThat(split.place(0)).isEqualTo(1);
    }
    assertThat(split.place(0)).isEqualTo(HeatSplit.MAIN);
    assertThat(split.place(0)).isEqualTo(HeatSplit.MAIN);
    assertThat(split.place(128)).isEqualTo(HeatSplit.MAIN);
    assertThat(split.place(128)).isEqualTo(HeatSplit.MAIN);
  }

  @Test
  void allTargetsGetTheirPagesAtTheSameTime() {
    int pages = 64 * 1000;
    var split =
        new HeatSplit(histogram(new int[pages]), pages / 4, new long[] {pages, pages, pages});
    long main = 0;
    for (int i = 1; i <= pages; i++) {
      main += split.place(0) == HeatSplit.MAIN ? 1 : 0;
      assertThat(main).isBetween(i / 4 - 200L, i / 4 + 200L);
    }
    assertThat(main).isEqualTo(pages / 4);
  }

  @Test
  void roomForAsManyPagesAsAreHotIsKeptForThoseThatTurnOutHot() {
    // 1000 are hot, 9000 cold; of the cold ones 1000 turn out hot before their turn comes.
    long[] histogram = new long[HeatSplit.HEATS];
    histogram[0] = 9000;
    histogram[50] = 1000;
    var split = new HeatSplit(histogram, 4000, new long[] {10000});
    long main = 0;
    for (int i = 0; i < 8000; i++) {
      main += split.place(0) == HeatSplit.MAIN ? 1 : 0;
    }
    assertThat(main).isBetween(1500L, 2000L);
    for (int i = 0; i < 2000; i++) {
      assertThat(split.place(i < 1000 ? 128 : 50)).isEqualTo(HeatSplit.MAIN);
    }
  }

  @Test
  void aVmThatFitsGoesToTheMainHostWhole() {
    int[] heats = new int[100];
    var split = new HeatSplit(histogram(heats), 100, new long[0]);

    for (int i = 0; i < 100; i++) {
      assertThat(split.place(0)).isEqualTo(HeatSplit.MAIN);
    }
    assertThat(split.place(0)).as("nobody has room left").isEqualTo(-1);
  }

  @Test
  void subHostsAreFilledInProportionToTheirGrants() {
    long[] sent = new long[3];
    var split = new HeatSplit(histogram(new int[4000]), 0, new long[] {1000, 2000, 3000});

    for (int i = 0; i < 3000; i++) {
      sent[split.place(0) - 1]++;
    }
    assertThat(sent[0]).isBetween(400L, 600L);
    assertThat(sent[1]).isBetween(900L, 1100L);
    assertThat(sent[2]).isBetween(1400L, 1600L);
  }

  @Test
  void noTargetEverGetsMoreThanItGranted() {
    for (long seed = 0; seed < 200; seed++) {
      var random = new SplittableRandom(seed);
      int[] heats = random.ints(500, 0, 4).toArray();
      long main = random.nextInt(300);
      long[] subs = {random.nextInt(300), random.nextInt(300)};
      long[] left = {main, subs[0], subs[1]};
      var split = new HeatSplit(histogram(heats), main, subs);
      for (int heat : heats) {
        int target = split.place(heat);
        if (target < 0) {
          assertThat(left).as("seed %d", seed).containsOnly(0);
        } else {
          assertThat(left[target]--).as("seed %d", seed).isPositive();
        }
      }
    }
  }

  @Test
  void roomThatIsGivenBackIsGivenToTheNextPage() {
    HeatSplit split = new HeatSplit(new long[HeatSplit.HEATS], 1, new long[] {1});
    int first = split.place(0);
    int second = split.place(0);
    assertThat(split.place(0)).isEqualTo(-1);

    split.giveBack(first);
    assertThat(split.place(0)).isEqualTo(first);
    split.giveBack(second);
    assertThat(split.place(0)).isEqualTo(second);
    assertThat(split.place(0)).isEqualTo(-1);
  }
}
