package org.smemv.bench;

import java.util.Locale;

/**
 * What {@link PlannerBench} measured; times in milliseconds.
 *
 * @param whole VMs that one host takes
 * @param split VMs that go to several
 * @param none VMs for which there is no plan
 * @param viewMillis to sort the fleet, before the first decision
 * @param p50Millis one decision in a sorted fleet: percentiles and the longest
 * @param allMillis the view, and all VMs placed one after the other, each beside those before it
 */
public record PlannerReport(
    int hosts,
    int vms,
    long seed,
    int whole,
    int split,
    int none,
    double viewMillis,
    double p50Millis,
    double p99Millis,
    double maxMillis,
    double allMillis) {
  /** What a decision may take. */
  static final double LIMIT_MILLIS = 100;

  /** The table for people. */
  public String table() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "Planner: %,d hosts, %,d VMs (seed %d): %d fit on a host, %d are split, %d cannot be"
                + " placed%n%n%-58s %10s %14s%n",
            hosts,
            vms,
            seed,
            whole,
            split,
            none,
            "",
            "ms",
            "of 100 ms"));
    row(text, "the view of the fleet, once", viewMillis);
    row(text, "one decision in it, median", p50Millis);
    row(text, "one decision in it, 99th percentile", p99Millis);
    row(text, "one decision in it, longest", maxMillis);
    row(text, "one decision with its view, longest", viewMillis + maxMillis);
    row(text, "all VMs, each beside those before it, with the view", allMillis);
    return text.toString();
  }

  private static void row(StringBuilder text, String what, double millis) {
    text.append(
        String.format(Locale.ROOT, "%-58s %10.3f %14.4f%n", what, millis, millis / LIMIT_MILLIS));
  }
}
