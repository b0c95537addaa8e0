package org.smemv.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.smemv.node.command.Table;

/**
 * What {@link EvacuationBench} measured.
 *
 * @param linkBytesPerSecond what plain TCP takes from the host that is left
 */
public record EvacuationFigures(double linkBytesPerSecond, List<Move> moves) {
  public EvacuationFigures {
    moves = List.copyOf(moves);
  }

  /**
   * A VM that left its host.
   *
   * @param way to one host, or fast
   * @param hosts that took it
   * @param plannedMillis what the planner expected, without what comes before and after the pages
   * @param totalMillis from the request to the end
   * @param downtimeMillis the VM stood
   * @param sentBytes by the host that was left
   */
  public record Move(
      String way,
      int hosts,
      double plannedMillis,
      double totalMillis,
      double downtimeMillis,
      double sentBytes) {
    double bytesPerSecond() {
      return sentBytes / totalMillis * 1e3;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s: %d hosts, total %.2f s (planned %.2f s), downtime %.0f ms, %.1f MB, %.1f MB/s",
          way,
          hosts,
          totalMillis / 1e3,
          plannedMillis / 1e3,
          downtimeMillis,
          sentBytes / 1e6,
          bytesPerSecond() / 1e6);
    }
  }

  /** The table for people: medians of equal moves. */
  public List<String> table() {
    Table table =
        new Table(
            "leaves for",
            ">hosts",
            ">planned, s",
            ">total, s",
            ">downtime, ms",
            ">MB/s",
            ">of its link");
    Map<String, List<Move>> ways = new LinkedHashMap<>();
    moves.forEach(move -> ways.computeIfAbsent(move.way(), _ -> new ArrayList<>()).add(move));
    ways.forEach(
        (way, group) -> {
          double rate = MigrationSample.median(group, Move::bytesPerSecond);
          table.row(
              way,
              text(MigrationSample.median(group, Move::hosts), "%.0f"),
              text(MigrationSample.median(group, Move::plannedMillis) / 1e3, "%.2f"),
              text(MigrationSample.median(group, Move::totalMillis) / 1e3, "%.2f"),
              text(MigrationSample.median(group, Move::downtimeMillis), "%.0f"),
              text(rate / 1e6, "%.1f"),
              text(rate / linkBytesPerSecond, "%.2f"));
        });
    List<String> lines = new ArrayList<>();
    lines.add("plain TCP from its host: " + text(linkBytesPerSecond / 1e6, "%.1f") + " MB/s");
    lines.add("");
    lines.addAll(table.lines());
    return lines;
  }

  private static String text(double value, String format) {
    return String.format(Locale.ROOT, format, value);
  }
}
