package org.smemv.lab;

import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * All that a load has seen.
 *
 * @param startEpochMillis when it began, after filling, by the machine's clock
 * @param millis how long it lasted
 * @param fillMillis how long filling took before
 * @param sets requests that stored and were answered
 * @param gets requests that fetched and were answered, rightly or wrongly
 * @param wrongValues gets whose value was not the last one stored
 * @param misses gets of values that memcached did not have any more
 * @param protocolErrors answers that the protocol does not allow
 * @param lostConnections connections that broke or timed out
 * @param unanswered requests that were under way for less than their time-out when the load ended;
 *     no errors, as TCP may still have been sending lost packets again
 * @param evictions values that memcached dropped for want of memory; it is too small then
 * @param descriptions of the first errors, each with its time
 * @param gaps longest times without any answer, longest first, none below 20 ms
 * @param setLatency of the sets
 * @param getLatency of the gets
 * @param perTenthSecond answers in each 100 ms
 */
public record LoadSummary(
    long startEpochMillis,
    long millis,
    long fillMillis,
    long sets,
    long gets,
    long wrongValues,
    long misses,
    long protocolErrors,
    long lostConnections,
    long unanswered,
    long evictions,
    List<String> descriptions,
    List<LoadGaps.Gap> gaps,
    Latency setLatency,
    Latency getLatency,
    List<Integer> perTenthSecond) {
  /**
   * A distribution of times, in microseconds.
   *
   * @param p50 half of all took no longer
   * @param p99 and 99 %
   * @param p999 and 99.9 %
   * @param max all
   */
  public record Latency(long p50, long p99, long p999, long max) {
    static Latency of(Histogram micros) {
      return new Latency(
          micros.getValueAtPercentile(50),
          micros.getValueAtPercentile(99),
          micros.getValueAtPercentile(99.9),
          micros.getMaxValue());
    }
  }

  /** Answers that were wrong in any way, and connections that were lost; must be 0. */
  public long errors() {
    return wrongValues + misses + protocolErrors + lostConnections;
  }

  /** The downtime as the client saw it: the longest time without any answer, in milliseconds. */
  public double longestGapMillis() {
    return gaps.isEmpty() ? 0 : gaps.getFirst().millis();
  }

  /**
   * The same in a part of the load, as around a switch.
   *
   * @param fromMillis from the begin of the load
   * @param toMillis later than that; a gap counts when any part of it lies between the two
   * @return 0 when none of the gaps that were kept does: it was shorter than 20 ms or than all of
   *     them
   */
  public double longestGapMillis(long fromMillis, long toMillis) {
    return gaps.stream()
        .filter(gap -> gap.atMillis() <= toMillis && gap.atMillis() + gap.millis() >= fromMillis)
        .mapToDouble(LoadGaps.Gap::millis)
        .max()
        .orElse(0);
  }

  /**
   * Mean answers a second in a part of the load.
   *
   * @param fromMillis from the begin of the load
   * @param toMillis later than that; beyond the end counts as nothing answered
   */
  public double throughput(long fromMillis, long toMillis) {
    int from = (int) Math.max(0, fromMillis / 100);
    int to = (int) Math.max(from + 1, toMillis / 100);
    long answers = 0;
    for (int step = from; step < Math.min(to, perTenthSecond.size()); step++) {
      answers += perTenthSecond.get(step);
    }
    return answers * 10.0 / (to - from);
  }
}
