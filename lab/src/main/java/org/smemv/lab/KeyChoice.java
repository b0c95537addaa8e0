package org.smemv.lab;

import java.util.SplittableRandom;

/** Which key comes next. Belongs to one thread. */
interface KeyChoice {
  /** From 0 to the number of keys - 1. */
  int next();

  /**
   * A choice among {@code keys} keys.
   *
   * @param skew 0 for all alike, else Zipf's exponent, below 1
   */
  static KeyChoice of(int keys, double skew, SplittableRandom random) {
    return skew == 0 ? () -> random.nextInt(keys) : new ZipfChoice(keys, skew, random);
  }
}
