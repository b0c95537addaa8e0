package org.smemv.lab.demo;

import java.util.Locale;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.Size;
import org.smemv.node.api.VmReport;
import org.smemv.node.command.Screen;

/** Lines that tell how far the demo is, each with the time since its begin. One thread. */
final class DemoProgress {
  private static final long LINE_EVERY_NANOS = 2_000_000_000L;

  private final Screen screen;
  private final long begun = System.nanoTime();
  private long lastLine = begun;

  DemoProgress(Screen screen) {
    this.screen = screen;
  }

  /** Whether the last line is two seconds old. */
  boolean isDue() {
    return System.nanoTime() - lastLine >= LINE_EVERY_NANOS;
  }

  void line(String text) {
    lastLine = System.nanoTime();
    screen.line(String.format(Locale.ROOT, "%6.1f s  %s", (lastLine - begun) / 1e9, text));
  }

  void migration(MigrationReport report) {
    MigrationReport.Ram ram = report.ram();
    line(
        String.format(
            Locale.ROOT,
            "  %-9s round %d, %s sent, %s left, %.0f Mbit/s, %.0f pages/s written%s",
            report.state(),
            ram.dirtySyncCount(),
            Size.format(ram.transferred()),
            Size.format(ram.remaining()),
            ram.mbps(),
            ram.dirtyPagesRate(),
            report.converging() ? "" : ", NOT CONVERGING"));
  }

  void paging(VmReport vm, long requestsLastSecond) {
    line(
        String.format(
            Locale.ROOT,
            "  %d requests/s, %.0f faults/s, pages/s in %.0f and out %.0f, %s resident",
            requestsLastSecond,
            vm.rates().faultsPerSecond(),
            vm.rates().swapInPagesPerSecond(),
            vm.rates().swapOutPagesPerSecond(),
            Size.format(vm.residentBytes())));
  }

  void load(long requestsLastSecond) {
    line("  " + requestsLastSecond + " requests/s");
  }
}
