package org.smemv.node.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.PlanReport;
import org.smemv.node.api.Rate;
import org.smemv.node.api.Size;

/** Migrations in words, for people. */
final class MigrationText {
  private static final int BAR_CELLS_MIN = 10;
  private static final int BAR_CELLS_MAX = 40;

  private MigrationText() {}

  static List<String> plan(PlanReport plan) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "Plan for VM "
            + plan.vm()
            + ": "
            + Size.format(plan.memoryBytes())
            + " from "
            + plan.source());
    Table table = new Table("HOST", "ROLE", ">RESERVES", ">FREE NOW");
    for (PlanReport.Target target : plan.targets()) {
      table.row(
          target.host(),
          lower(target.role()),
          Size.format(target.bytes()),
          Size.format(target.freeBytes()));
    }
    lines.addAll(table.lines());
    if (isMain(plan.source(), plan.targets().getFirst().host())) {
      lines.add("the VM stays on " + plan.source() + " and runs on while its pages change places");
      return lines;
    }
    lines.add(
        lower(plan.mode())
            + ", downtime limit "
            + plan.downtimeLimitMillis()
            + " ms, bandwidth "
            + (plan.maxBandwidth() == 0 ? "unlimited" : Rate.format(plan.maxBandwidth()))
            + ", time-out "
            + (plan.timeoutSeconds() == 0
                ? "none"
                : plan.timeoutSeconds() + " s, then " + lower(plan.onTimeout())));
    return lines;
  }

  /** A plan that the directory made, with the reasons. */
  static List<String> plan(DirectoryPlan plan) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "Plan for VM %s: %s from %s"
            .formatted(plan.vm(), Size.format(plan.memoryBytes()), plan.source()));
    Table table = new Table("HOST", "ROLE", ">RESERVES", ">MOVES", ">FREE NOW", "WHY");
    for (DirectoryPlan.Target target : plan.targets()) {
      table.row(
          target.host(),
          lower(target.role()),
          Size.format(target.bytes()),
          Size.format(target.transferBytes()),
          Size.format(target.freeBytes()),
          target.reason());
    }
    lines.addAll(table.lines());
    if (!plan.leaving().isEmpty()) {
      lines.add("its parts on " + String.join(", ", plan.leaving()) + " come there too");
    }
    String time =
        plan.transferMillis() < 0
            ? "no link rate is known"
            : "%s by the link of %s".formatted(seconds(plan.transferMillis()), plan.slowestLink());
    lines.add(
        "sends %s once, %s; what is written meanwhile comes on top"
            .formatted(Size.format(plan.transferBytes()), time));
    return lines;
  }

  /** One line of at most {@code width} characters, if that is enough for the figures. */
  static String progress(MigrationReport report, int width) {
    MigrationReport.Ram ram = report.ram();
    boolean settles = report.state() == MigrationState.SETTLE;
    long remaining = settles ? report.gather().remaining() : ram.remaining();
    double done = ram.total() == 0 ? 0 : 1 - Math.min(1.0, (double) remaining / ram.total());
    return bar(report, done, settles ? gathering(report) : copying(report, done), width);
  }

  /** After the switch the VM runs; what is left is on hosts that it leaves. */
  private static String gathering(MigrationReport report) {
    MigrationReport.Gather left = report.gather();
    String reason = report.reason() == null ? "" : ", " + report.reason();
    String eta =
        left.mbps() < 1
            ? ""
            : ", eta " + seconds((long) (left.remaining() * 8 / (left.mbps() * 1000)));
    return String.format(
        Locale.ROOT,
        "the VM runs; %s to gather, %.0f Mbit/s%s%s",
        Size.format(left.remaining()),
        left.mbps(),
        eta,
        reason);
  }

  private static String copying(MigrationReport report, double done) {
    MigrationReport.Ram ram = report.ram();
    long toGather = report.gather().remaining();
    return String.format(
        Locale.ROOT,
        "%3.0f%% %s left, %.0f Mbit/s, dirty %.0f/s, round %d%s%s%s",
        done * 100,
        Size.format(ram.remaining()),
        ram.mbps(),
        ram.dirtyPagesRate(),
        ram.dirtySyncCount(),
        toGather == 0 ? "" : ", " + Size.format(toGather) + " to gather",
        report.converging() ? "" : ", NOT CONVERGING",
        report.etaMillis() < 0 ? "" : ", eta " + seconds(report.etaMillis()));
  }

  private static String bar(MigrationReport report, double done, String figures, int width) {
    String state = String.format(Locale.ROOT, "%-9s", report.state());
    int cells =
        Math.clamp(width - state.length() - figures.length() - 5, BAR_CELLS_MIN, BAR_CELLS_MAX);
    int full = (int) Math.round(done * cells);
    return state + " [" + "#".repeat(full) + ".".repeat(cells - full) + "] " + figures;
  }

  static List<String> summary(MigrationReport report) {
    List<String> lines = new ArrayList<>();
    lines.add(outcome(report));
    MigrationReport.Ram ram = report.ram();
    if (staysWhereItRuns(report)) {
      lines.add(
          "total %s, no downtime, changed places: %s"
              .formatted(seconds(report.totalTimeMillis()), Size.format(ram.transferred())));
      return lines;
    }
    lines.add(
        "total "
            + seconds(report.totalTimeMillis())
            + ", set-up "
            + millis(report.setupTimeMillis())
            + ", downtime "
            + millis(report.downtimeMillis())
            + ", rounds "
            + ram.dirtySyncCount()
            + ", sent "
            + Size.format(ram.transferred())
            + " ("
            + ram.normal()
            + " pages, "
            + ram.duplicate()
            + " zero)");
    Table table = new Table("HOST", "ROLE", ">PAGES", ">SENT", ">MBIT/S");
    for (MigrationReport.Target target : report.targets()) {
      table.row(
          target.host(),
          lower(target.role()),
          target.pages(),
          Size.format(target.bytes()),
          String.format(Locale.ROOT, "%.0f", target.mbps()));
    }
    lines.addAll(table.lines());
    return lines;
  }

  /** The first row of targets is that of the main host; there is none before pages are sent. */
  private static boolean staysWhereItRuns(MigrationReport report) {
    return !report.targets().isEmpty()
        && isMain(report.source(), report.targets().getFirst().host());
  }

  private static boolean isMain(String source, String main) {
    return source.equals(main);
  }

  private static String outcome(MigrationReport report) {
    String vm = "VM " + report.vm();
    String reason = report.reason() == null ? "no reason given" : report.reason();
    if (report.state() == MigrationState.DONE && staysWhereItRuns(report)) {
      return vm + " stays on " + report.source() + ", its memory is placed anew, " + report.id();
    }
    if (report.state() == MigrationState.DONE) {
      String moved = vm + " moved from " + report.source() + ", migration " + report.id();
      return report.reason() == null ? moved : moved + ", but: " + report.reason();
    }
    if (report.state() == MigrationState.ABORTED) {
      return vm + " was not moved and goes on at " + report.source() + ": " + reason;
    }
    if (report.state() == MigrationState.STALLED) {
      return vm + ": migration " + report.id() + " is stalled: " + reason;
    }
    return vm + ": migration " + report.id() + " from " + report.source() + " in " + report.state();
  }

  private static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
  }

  private static String millis(long millis) {
    return millis < 0 ? "unknown" : millis + " ms";
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
