package org.smemv.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.smemv.node.command.Table;

/**
 * What {@link GatherBench} measured.
 *
 * @param linkBytesPerSecond what plain TCP brings from all four hosts at once: the larger sum of
 *     before and after
 * @param merges in the order in which they were made
 * @param partials moves of the main part alone
 */
public record GatherFigures(double linkBytesPerSecond, List<Merge> merges, List<Partial> partials) {
  public GatherFigures {
    merges = List.copyOf(merges);
    partials = List.copyOf(partials);
  }

  static GatherFigures of(
      List<Double> before, List<Double> after, List<Merge> merges, List<Partial> partials) {
    return new GatherFigures(Math.max(sum(before), sum(after)), merges, partials);
  }

  private static double sum(List<Double> rates) {
    return rates.stream().mapToDouble(Double::doubleValue).sum();
  }

  /**
   * A merge on one host.
   *
   * @param guest idle or loaded
   * @param mode pre-copy or post-copy
   * @param totalMillis from the request until all is there
   * @param downtimeMillis the VM stood
   * @param transferMillis from the first pages to the last
   * @param transferBytes that came to the target in that time
   * @param mainSentBytes by the old main host
   * @param subsSentBytes by the sub-hosts
   * @param mainReceivedBytes by the old main host: pages of sub-hosts would be among them
   */
  public record Merge(
      String guest,
      String mode,
      double totalMillis,
      double downtimeMillis,
      double transferMillis,
      double transferBytes,
      double mainSentBytes,
      double subsSentBytes,
      double mainReceivedBytes) {
    double bytesPerSecond() {
      return transferBytes / transferMillis * 1e3;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s, %s merge: total %.2f s, downtime %.0f ms, transfer %.2f s, %.1f MB/s;"
              + " main host sent %.1f MB and got %.2f MB, sub-hosts sent %.1f MB",
          guest,
          mode,
          totalMillis / 1e3,
          downtimeMillis,
          transferMillis / 1e3,
          bytesPerSecond() / 1e6,
          mainSentBytes / 1e6,
          mainReceivedBytes / 1e6,
          subsSentBytes / 1e6);
    }
  }

  /**
   * A move of the main part.
   *
   * @param guest idle or loaded
   * @param totalMillis from the request to the end
   * @param downtimeMillis the VM stood
   * @param movedBytes of pages, from main host to main host
   * @param subsSentBytes by the sub-hosts meanwhile
   * @param faultBytes pages that the guest needed from them at its new main host meanwhile
   */
  public record Partial(
      String guest,
      double totalMillis,
      double downtimeMillis,
      double movedBytes,
      double subsSentBytes,
      double faultBytes) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s, main part: total %.2f s, downtime %.0f ms, moved %.1f MB; sub-hosts sent %.3f MB,"
              + " of which the guest asked for %.3f MB at its new host",
          guest,
          totalMillis / 1e3,
          downtimeMillis,
          movedBytes / 1e6,
          subsSentBytes / 1e6,
          faultBytes / 1e6);
    }
  }

  /** The tables for people: medians of equal moves. */
  public List<String> table() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "plain TCP from all four links at once: %.1f MB/s",
            linkBytesPerSecond / 1e6));
    lines.add("");
    lines.addAll(mergeTable());
    lines.add("");
    lines.addAll(partialTable());
    return lines;
  }

  private List<String> mergeTable() {
    Table table =
        new Table(
            "merge",
            ">total, s",
            ">downtime, ms",
            ">transfer, s",
            ">MB/s",
            ">of the links",
            ">aim",
            ">main sent, MB",
            ">main got, MB",
            ">subs sent, MB");
    for (List<Merge> group : groups(merges, merge -> merge.guest() + ", " + merge.mode())) {
      double rate = MigrationSample.median(group, Merge::bytesPerSecond);
      table.row(
          group.getFirst().guest() + ", " + group.getFirst().mode(),
          text(group, Merge::totalMillis, 1e3, "%.2f"),
          text(group, Merge::downtimeMillis, 1, "%.0f"),
          text(group, Merge::transferMillis, 1e3, "%.2f"),
          text(group, Merge::bytesPerSecond, 1e6, "%.1f"),
          String.format(Locale.ROOT, "%.2f", rate / linkBytesPerSecond),
          ">= 0.90",
          text(group, Merge::mainSentBytes, 1e6, "%.1f"),
          text(group, Merge::mainReceivedBytes, 1e6, "%.1f"),
          text(group, Merge::subsSentBytes, 1e6, "%.1f"));
    }
    return table.lines();
  }

  private List<String> partialTable() {
    Table table =
        new Table(
            "main part alone",
            ">total, s",
            ">downtime, ms",
            ">moved, MB",
            ">subs sent, MB",
            ">of it asked for by faults, MB");
    for (List<Partial> group : groups(partials, Partial::guest)) {
      table.row(
          group.getFirst().guest(),
          text(group, Partial::totalMillis, 1e3, "%.2f"),
          text(group, Partial::downtimeMillis, 1, "%.0f"),
          text(group, Partial::movedBytes, 1e6, "%.1f"),
          text(group, Partial::subsSentBytes, 1e6, "%.3f"),
          text(group, Partial::faultBytes, 1e6, "%.3f"));
    }
    return table.lines();
  }

  private static <T> Iterable<List<T>> groups(List<T> all, Function<T, String> name) {
    Map<String, List<T>> groups = new LinkedHashMap<>();
    all.forEach(one -> groups.computeIfAbsent(name.apply(one), _ -> new ArrayList<>()).add(one));
    return groups.values();
  }

  private static <T> String text(List<T> group, ToDoubleFunction<T> of, double unit, String form) {
    return String.format(Locale.ROOT, form, MigrationSample.median(group, of) / unit);
  }
}
