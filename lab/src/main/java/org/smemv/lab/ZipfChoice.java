package org.smemv.lab;

import java.util.SplittableRandom;

/**
 * Key 0 is the most popular, key k is chosen in proportion to 1 / (k + 1)^skew. The method is that
 * of Gray et al., "Quickly generating billion-record synthetic databases" (SIGMOD 1994).
 */
final class ZipfChoice implements KeyChoice {
  private final int keys;
  private final double skew;
  private final SplittableRandom random;
  private final double zeta;
  private final double alpha;
  private final double eta;

  /**
   * Takes time in proportion to the number of keys.
   *
   * @param keys at least 1
   * @param skew above 0, below 1
   */
  ZipfChoice(int keys, double skew, SplittableRandom random) {
    this.keys = keys;
    this.skew = skew;
    this.random = random;
    this.zeta = zeta(keys, skew);
    this.alpha = 1 / (1 - skew);
    this.eta = (1 - Math.pow(2.0 / keys, 1 - skew)) / (1 - zeta(2, skew) / zeta);
  }

  private static double zeta(int keys, double skew) {
    double sum = 0;
    for (int i = 1; i <= keys; i++) {
      sum += Math.pow(i, -skew);
    }
    return sum;
  }

  @Override
  public int next() {
    double uniform = random.nextDouble();
    double scaled = uniform * zeta;
    if (scaled < 1) {
      return 0;
    }
    if (scaled < 1 + Math.pow(0.5, skew)) {
      return Math.min(1, keys - 1);
    }
    return Math.min((int) (keys * Math.pow(eta * uniform - eta + 1, alpha)), keys - 1);
  }
}
