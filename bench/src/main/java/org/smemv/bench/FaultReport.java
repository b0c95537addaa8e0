package org.smemv.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.smemv.node.command.Table;

/**
 * What {@link FaultBench} measured.
 *
 * @param samples of each kind
 * @param pauseMicros computing between two samples
 * @param fault from the access to its completion
 * @param pingPong from the request to its answer
 * @param p50Ratio fault to ping-pong
 * @param p99Ratio fault to ping-pong
 * @param p999Ratio fault to ping-pong
 */
public record FaultReport(
    long samples,
    double pauseMicros,
    Latency fault,
    Latency pingPong,
    double p50Ratio,
    double p99Ratio,
    double p999Ratio) {
  /**
   * A distribution of times, in microseconds.
   *
   * @param p50 half of all took no longer
   * @param p99 and 99 %
   * @param p999 and 99.9 %
   * @param max all
   */
  public record Latency(double mean, double p50, double p99, double p999, double max) {
    /** Of times in nanoseconds, which are sorted here. */
    static Latency of(long[] nanos) {
      Arrays.sort(nanos);
      double mean = Arrays.stream(nanos).average().orElse(0) / 1e3;
      return new Latency(mean, at(nanos, 0.5), at(nanos, 0.99), at(nanos, 0.999), at(nanos, 1));
    }

    private static double at(long[] sorted, double part) {
      return sorted[Math.max(0, (int) Math.ceil(sorted.length * part) - 1)] / 1e3;
    }
  }

  static FaultReport of(long samples, double pauseMicros, Latency fault, Latency pingPong) {
    return new FaultReport(
        samples,
        pauseMicros,
        fault,
        pingPong,
        fault.p50() / pingPong.p50(),
        fault.p99() / pingPong.p99(),
        fault.p999() / pingPong.p999());
  }

  /** The table for people. */
  public List<String> table() {
    Table table = new Table("us", ">remote fault", ">TCP ping-pong", ">ratio", ">aim");
    row(table, "p50", fault.p50(), pingPong.p50(), "<= 1.5");
    row(table, "p99", fault.p99(), pingPong.p99(), "<= 3");
    row(table, "p99.9", fault.p999(), pingPong.p999(), "");
    row(table, "mean", fault.mean(), pingPong.mean(), "");
    row(table, "max", fault.max(), pingPong.max(), "");
    return table.lines();
  }

  private static void row(Table table, String name, double fault, double ping, String aim) {
    table.row(
        name,
        String.format(Locale.ROOT, "%.1f", fault),
        String.format(Locale.ROOT, "%.1f", ping),
        String.format(Locale.ROOT, "%.2f", fault / ping),
        aim);
  }
}
