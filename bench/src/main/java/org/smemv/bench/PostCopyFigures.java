package org.smemv.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.smemv.node.api.VmReport;
import org.smemv.node.command.Table;

/**
 * What {@link PostCopyBench} measured.
 *
 * @param quietLink exchanges of a page by plain TCP over a link with nothing else on it
 * @param fullLink the same beside a bulk stream by plain TCP
 * @param moves in the order in which they were made
 */
public record PostCopyFigures(
    FaultReport.Latency quietLink, FaultReport.Latency fullLink, List<Move> moves) {
  public PostCopyFigures {
    moves = List.copyOf(moves);
  }

  /**
   * One move of a VM, or a time without one.
   *
   * @param vmMebibytes memory of the VM
   * @param kind what was done with it
   * @param totalMillis until nothing of it was on its way; 0 for a time without a move
   * @param downtimeMillis it stood
   * @param faults that it had at its new main host while pages came from the old one
   */
  public record Move(
      int vmMebibytes,
      String kind,
      double totalMillis,
      double downtimeMillis,
      VmReport.Faults faults) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%d MiB, %s: total %.2f s, downtime %.0f ms; %d remote faults, p50 %.0f us, p99 %.0f us,"
              + " p99.9 %.0f us, max %.0f us",
          vmMebibytes,
          kind,
          totalMillis / 1e3,
          downtimeMillis,
          faults.remote(),
          faults.p50Micros(),
          faults.p99Micros(),
          faults.p999Micros(),
          faults.maxMicros());
    }
  }

  /** The table for people: medians of equal moves. */
  public List<String> table() {
    Table table =
        new Table(
            ">VM, MiB",
            "",
            ">total, s",
            ">downtime, ms",
            ">faults",
            ">p50, us",
            ">p99, us",
            ">p99.9, us",
            ">max, us");
    Map<String, List<Move>> groups = new LinkedHashMap<>();
    for (Move move : moves) {
      groups.computeIfAbsent(move.vmMebibytes() + move.kind(), _ -> new ArrayList<>()).add(move);
    }
    groups.values().forEach(group -> row(table, group));
    row(table, "link alone, nothing else on it", quietLink);
    row(table, "link alone, full of one TCP stream", fullLink);
    return table.lines();
  }

  private static void row(Table table, List<Move> group) {
    boolean moved = median(group, Move::totalMillis) > 0;
    boolean faulted = median(group, move -> move.faults().remote()) > 0;
    table.row(
        Integer.toString(group.getFirst().vmMebibytes()),
        group.getFirst().kind(),
        moved ? text("%.2f", median(group, Move::totalMillis) / 1e3) : "-",
        moved ? text("%.0f", median(group, Move::downtimeMillis)) : "-",
        faulted ? text("%.0f", median(group, move -> move.faults().remote())) : "-",
        faulted ? text("%.0f", median(group, move -> move.faults().p50Micros())) : "-",
        faulted ? text("%.0f", median(group, move -> move.faults().p99Micros())) : "-",
        faulted ? text("%.0f", median(group, move -> move.faults().p999Micros())) : "-",
        faulted ? text("%.0f", median(group, move -> move.faults().maxMicros())) : "-");
  }

  private static void row(Table table, String name, FaultReport.Latency pings) {
    table.row(
        "",
        name,
        "-",
        "-",
        "-",
        text("%.0f", pings.p50()),
        text("%.0f", pings.p99()),
        text("%.0f", pings.p999()),
        text("%.0f", pings.max()));
  }

  private static String text(String form, double value) {
    return String.format(Locale.ROOT, form, value);
  }

  private static double median(List<Move> moves, ToDoubleFunction<Move> of) {
    return MigrationSample.median(moves, of);
  }
}
