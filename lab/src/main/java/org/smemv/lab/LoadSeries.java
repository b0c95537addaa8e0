package org.smemv.lab;

import java.util.Arrays;
import java.util.List;

/** Answers in each 100 ms from the begin of the load. Belongs to one thread until it is merged. */
final class LoadSeries {
  static final long STEP_NANOS = 100_000_000L;

  private final long startNanos;
  private int[] counts = new int[1024];
  private int used;

  LoadSeries(long startNanos) {
    this.startNanos = startNanos;
  }

  void count(long nowNanos) {
    int step = (int) ((nowNanos - startNanos) / STEP_NANOS);
    if (step >= counts.length) {
      counts = Arrays.copyOf(counts, Math.max(step + 1, counts.length * 2));
    }
    counts[step]++;
    used = Math.max(used, step + 1);
  }

  /** The sum of several series; steps without an answer are 0. */
  static int[] merge(List<LoadSeries> all) {
    int[] sum = new int[all.stream().mapToInt(series -> series.used).max().orElse(0)];
    for (LoadSeries series : all) {
      for (int step = 0; step < series.used; step++) {
        sum[step] += series.counts[step];
      }
    }
    return sum;
  }
}
