package org.smemv.lab;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The times in which no connection got an answer: the server's downtime as its clients see it. Any
 * thread may report answers; only a long gap takes a lock.
 */
final class LoadGaps {
  /** Shorter ones are the ordinary ups and downs of a machine with few processors. */
  private static final long NOTED_NANOS = 20_000_000L;

  private static final int KEPT = 10;

  private final long startNanos;
  private final AtomicLong lastNanos;
  private final List<Gap> longest = new ArrayList<>();

  /**
   * A time without any answer.
   *
   * @param atMillis its begin, from the begin of the load
   * @param millis how long it was
   */
  public record Gap(double atMillis, double millis) {}

  LoadGaps(long startNanos) {
    this.startNanos = startNanos;
    this.lastNanos = new AtomicLong(startNanos);
  }

  /** An answer came at that time; also called once at the end, which closes the last gap. */
  void answered(long nowNanos) {
    long before = lastNanos.getAndSet(nowNanos);
    if (nowNanos - before >= NOTED_NANOS) {
      note(new Gap((before - startNanos) / 1e6, (nowNanos - before) / 1e6));
    }
  }

  private synchronized void note(Gap gap) {
    longest.add(gap);
    longest.sort(Comparator.comparingDouble(Gap::millis).reversed());
    if (longest.size() > KEPT) {
      longest.removeLast();
    }
  }

  /** Up to ten, the longest first; none shorter than 20 ms. */
  synchronized List<Gap> longest() {
    return List.copyOf(longest);
  }
}
