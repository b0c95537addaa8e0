package org.smemv.lab.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.Size;
import org.smemv.node.api.VmReport;
import org.smemv.node.command.Table;

/** The demo's summary in words, for people. */
final class DemoReport {
  private DemoReport() {}

  static List<String> lines(DemoSummary summary) {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.addAll(figures(summary).lines());
    lines.add("");
    lines.addAll(targets(summary).lines());
    lines.add("");
    lines.add(verdict(summary));
    summary.errors().forEach(error -> lines.add("  " + error));
    return lines;
  }

  private static Table figures(DemoSummary summary) {
    Table table = new Table("WHAT", ">FIGURE");
    MigrationReport migration = summary.migration();
    table.row("filling 480 MiB over the network", seconds(summary.fillMillis()));
    table.row("migration, total time", seconds(migration.totalTimeMillis()));
    table.row("downtime, QEMU (stopped until it runs)", migration.downtimeMillis() + " ms");
    table.row("downtime, client", millis(summary.clientDowntimeMillis()));
    table.row("rounds", migration.ram().dirtySyncCount());
    table.row("sent", Size.format(migration.ram().transferred()));
    table.row("zero pages", migration.ram().duplicate());
    DemoSummary.Throughput throughput = summary.throughput();
    table.row("requests/s before", whole(throughput.before()));
    table.row("requests/s during", whole(throughput.during()));
    table.row("requests/s after", whole(throughput.after()));
    paging(table, summary.vm());
    table.row("checked gets", summary.load().gets());
    table.row("errors, client", summary.clientErrors());
    table.row("errors, guest", summary.guest().errors().size());
    table.row("checker's time, 0.01 s", ticks(summary.guest()));
    table.row("all after set-up", seconds((long) (summary.seconds() * 1000)));
    return table;
  }

  private static void paging(Table table, VmReport vm) {
    VmReport.Faults faults = vm.faults();
    table.row("remote faults", faults.remote());
    table.row("zero faults", faults.localZero());
    table.row("remote fault p50", micros(faults.p50Micros()));
    table.row("remote fault p99", micros(faults.p99Micros()));
    table.row("remote fault p99.9", micros(faults.p999Micros()));
    table.row("remote fault max", micros(faults.maxMicros()));
    VmReport.Evictions evictions = vm.evictions();
    table.row("evictions", evictions.count());
    table.row("  all zeros, not sent", evictions.zeros());
    table.row("  late writes caught", evictions.lateWrites());
  }

  private static Table targets(DemoSummary summary) {
    VmReport vm = summary.vm();
    Table table = new Table("HOST", "ROLE", ">PAGES", ">SENT", ">HOLDS NOW", ">AT MOST");
    for (MigrationReport.Target target : summary.migration().targets()) {
      boolean main = target.host().equals(vm.host());
      table.row(
          target.host(),
          target.role().name().toLowerCase(Locale.ROOT),
          target.pages(),
          Size.format(target.bytes()),
          Size.format(main ? vm.residentBytes() : held(vm, target.host())),
          main ? Size.format(vm.mainMemoryBytes()) : "");
    }
    return table;
  }

  private static long held(VmReport vm, String host) {
    return vm.subs().stream()
        .filter(sub -> sub.host().equals(host))
        .mapToLong(VmReport.Sub::bytes)
        .sum();
  }

  private static String verdict(DemoSummary summary) {
    return summary.ok()
        ? "No error: every value that the client got back was right, and so was the guest's memory."
        : "ERRORS were found:";
  }

  private static String ticks(DemoSummary.GuestCheck guest) {
    return guest.ticksBefore() + " -> " + guest.ticksSwitched() + " -> " + guest.ticksEnd();
  }

  private static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
  }

  private static String millis(double millis) {
    return millis == 0 ? "< 20 ms" : String.format(Locale.ROOT, "%.0f ms", millis);
  }

  private static String micros(double micros) {
    return String.format(Locale.ROOT, "%.0f us", micros);
  }

  private static String whole(double number) {
    return String.format(Locale.ROOT, "%.0f", number);
  }
}
