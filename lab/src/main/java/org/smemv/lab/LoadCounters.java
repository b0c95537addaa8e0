package org.smemv.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** What all connections of a load have seen so far. Any thread may report and read. */
final class LoadCounters {
  /** Enough to see a pattern; the numbers beside them are complete. */
  private static final int DESCRIPTIONS_MAX = 20;

  private static final int SIGNIFICANT_DIGITS = 3;

  final LongAdder sets = new LongAdder();
  final LongAdder gets = new LongAdder();
  final LongAdder wrongValues = new LongAdder();
  final LongAdder misses = new LongAdder();
  final LongAdder protocolErrors = new LongAdder();
  final LongAdder lostConnections = new LongAdder();
  final LongAdder unanswered = new LongAdder();

  private final Recorder setLatency = new Recorder(SIGNIFICANT_DIGITS);
  private final Recorder getLatency = new Recorder(SIGNIFICANT_DIGITS);
  private final long startNanos;
  private final List<String> descriptions = new ArrayList<>();

  LoadCounters(long startNanos) {
    this.startNanos = startNanos;
  }

  void setTook(long nanos) {
    sets.increment();
    setLatency.recordValue(TimeUnit.NANOSECONDS.toMicros(nanos));
  }

  void getTook(long nanos) {
    gets.increment();
    getLatency.recordValue(TimeUnit.NANOSECONDS.toMicros(nanos));
  }

  /** Microseconds of the sets since the last call. */
  Histogram nextSetLatency() {
    return setLatency.getIntervalHistogram();
  }

  /** Microseconds of the gets since the last call. */
  Histogram nextGetLatency() {
    return getLatency.getIntervalHistogram();
  }

  /** Keeps the first few descriptions, with the time since the begin of the load. */
  synchronized void describe(String what) {
    if (descriptions.size() < DESCRIPTIONS_MAX) {
      double seconds = (System.nanoTime() - startNanos) / 1e9;
      descriptions.add("%.3f s: %s".formatted(seconds, what));
    }
  }

  synchronized List<String> descriptions() {
    return List.copyOf(descriptions);
  }

  /** Answers that were wrong. A lost connection is none of them: it is counted for itself. */
  long errors() {
    return wrongValues.sum() + misses.sum() + protocolErrors.sum();
  }
}
