package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class KeyChoiceTest {
  private static final int KEYS = 1000;
  private static final int DRAWS = 200_000;

  @Test
  void withoutSkewEveryKeyIsAlike() {
    int[] counts = draw(0);

    assertThat(Arrays.stream(counts).boxed())
        .allSatisfy(count -> assertThat(count).isBetween(100, 320));
  }

  @Test
  void withSkewPopularityFallsAsZipfSays() {
    int[] counts = draw(0.99);
    double zeta = 0;
    for (int i = 1; i <= KEYS; i++) {
      zeta += Math.pow(i, -0.99);
    }

    assertThat((double) counts[0]).isBetween(0.95 * DRAWS / zeta, 1.05 * DRAWS / zeta);
    assertThat(counts[0]).isGreaterThan(counts[9]);
    assertThat(counts[9]).isGreaterThan(counts[500]);
  }

  @Test
  void oneKeyIsTheOnlyChoice() {
    assertThat(KeyChoice.of(1, 0.5, new SplittableRandom(1)).next()).isZero();
  }

  private static int[] draw(double skew) {
    KeyChoice choice = KeyChoice.of(KEYS, skew, new SplittableRandom(42));
    int[] counts = new int[KEYS];
    for (int i = 0; i < DRAWS; i++) {
      counts[choice.next()]++;
    }
    return counts;
  }
}
