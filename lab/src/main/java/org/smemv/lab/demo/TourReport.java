package org.smemv.lab.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.smemv.node.api.Size;
import org.smemv.node.command.Table;

/** The tour's summary in words, for people. */
final class TourReport {
  private TourReport() {}

  static List<String> lines(TourSummary summary) {
    Table table = new Table("STEP", ">TIME", ">DOWNTIME", ">LONGEST GAP AT CLIENT", ">SENT");
    for (TourSummary.Step step : summary.steps()) {
      table.row(
          step.title(),
          String.format(Locale.ROOT, "%.1f s", step.millis() / 1000.0),
          step.downtimeMillis() == 0 ? "none" : step.downtimeMillis() + " ms",
          step.clientGapMillis() == 0
              ? "< 20 ms"
              : String.format(Locale.ROOT, "%.0f ms", step.clientGapMillis()),
          Size.format(step.sentBytes()));
    }
    List<String> lines = new ArrayList<>(List.of(""));
    lines.addAll(table.lines());
    lines.add("");
    lines.add(
        "%d values were fetched and checked, in %.0f s"
            .formatted(summary.load().gets(), summary.seconds()));
    lines.add(
        summary.ok()
            ? "No error: every value that the client got back was right, and so was the guest's memory."
            : "ERRORS were found:");
    summary.errors().forEach(error -> lines.add("  " + error));
    return lines;
  }
}
