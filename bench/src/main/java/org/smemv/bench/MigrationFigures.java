package org.smemv.bench;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.smemv.node.command.Table;

/**
 * What {@link MigrationBench} measured.
 *
 * @param vmBytes memory of the VM
 * @param fillBytes values in its memcached
 * @param cases idle and loaded
 */
public record MigrationFigures(long vmBytes, long fillBytes, List<Case> cases) {
  /**
   * One kind of guest.
   *
   * @param name idle or loaded
   * @param ours all split migrations
   * @param stock all migrations by QEMU
   * @param totalRatio of the medians of the total time, ours to stock
   */
  public record Case(
      String name, List<MigrationSample> ours, List<MigrationSample> stock, double totalRatio) {
    static Case of(String name, List<MigrationSample> ours, List<MigrationSample> stock) {
      double ratio =
          MigrationSample.median(ours).totalMillis() / MigrationSample.median(stock).totalMillis();
      return new Case(name, List.copyOf(ours), List.copyOf(stock), ratio);
    }
  }

  /** The table for people: medians, and all total times behind them. */
  public List<String> table() {
    Table table = new Table("", "", ">S-memV split", ">stock QEMU", ">ratio", "aim");
    for (Case one : cases) {
      row(table, one, "total time, s", 1e3, MigrationSample::totalMillis, "<= 1.0");
      row(table, one, "  of it set-up, s", 1e3, MigrationSample::setUpMillis, "");
      row(table, one, "downtime, ms", 1, MigrationSample::downtimeMillis, "<= 50 ms");
      row(table, one, "longest gap at client, ms", 1, MigrationSample::clientGapMillis, "");
      row(table, one, "sent, MiB", 1 << 20, MigrationSample::bytes, "");
      row(table, one, "rounds", 1, MigrationSample::rounds, "");
    }
    return table.lines();
  }

  private static void row(
      Table table,
      Case one,
      String name,
      double unit,
      ToDoubleFunction<MigrationSample> value,
      String aim) {
    double ours = value.applyAsDouble(MigrationSample.median(one.ours())) / unit;
    double stock = value.applyAsDouble(MigrationSample.median(one.stock())) / unit;
    boolean fine = unit == 1e3;
    table.row(
        one.name(),
        name,
        text(ours, fine),
        text(stock, fine),
        stock > 0 ? text(ours / stock, true) : "-",
        aim);
  }

  private static String text(double value, boolean fine) {
    return String.format(Locale.ROOT, fine ? "%.2f" : "%.0f", value);
  }
}
