package org.smemv.node.command;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "status", description = "Shows where a VM and its memory are.")
final class VmStatusCommand extends SmemvTask {
  @Parameters(paramLabel = "NAME", description = "The VM.")
  private String name = "";

  @Option(names = "--host", paramLabel = "H", description = "Where it runs; found if left out.")
  private @Nullable String host;

  @Override
  protected ExitCode run() throws OperationException {
    VmReport report = hosts().find(screen(), name, host).operations().vm(name);
    screen().data(report);
    print(report);
    return report.state() == VmState.STALLED ? ExitCode.STALLED : ExitCode.OK;
  }

  private void print(VmReport vm) {
    Screen screen = screen();
    String reason = vm.reason() == null ? "" : ": " + vm.reason();
    screen.line("VM " + vm.name() + " on " + vm.host() + ": " + vm.state() + reason);
    screen.line(
        "  id "
            + vm.id()
            + ", process "
            + vm.pid()
            + ", QEMU "
            + vm.qemuVersion()
            + ", "
            + vm.accelerator()
            + ", CPUs "
            + vm.cpus());
    screen.line(
        "  memory "
            + Size.format(vm.memoryBytes())
            + ": resident "
            + Size.format(vm.residentBytes())
            + " of "
            + Size.format(vm.mainMemoryBytes())
            + " allowed, zero "
            + Size.format(vm.zeroBytes()));
    faults(screen, vm.faults());
    VmReport.Evictions evicted = vm.evictions();
    screen.line(
        "  evictions "
            + evicted.count()
            + " (zeros "
            + evicted.zeros()
            + ", late writes "
            + evicted.lateWrites()
            + "), sent "
            + Size.format(evicted.bytesSent()));
    VmReport.Rates rates = vm.rates();
    screen.line(
        String.format(
            Locale.ROOT,
            "  rates: %.1f faults/s, in %.1f pages/s, out %.1f pages/s",
            rates.faultsPerSecond(),
            rates.swapInPagesPerSecond(),
            rates.swapOutPagesPerSecond()));
    subs(screen, vm);
  }

  private static void faults(Screen screen, VmReport.Faults faults) {
    screen.line(
        String.format(
            Locale.ROOT,
            "  faults %d (zero %d, remote %d); remote latency p50 %.0f us, p99 %.0f us, p99.9 %.0f"
                + " us, max %.0f us",
            faults.count(),
            faults.localZero(),
            faults.remote(),
            faults.p50Micros(),
            faults.p99Micros(),
            faults.p999Micros(),
            faults.maxMicros()));
  }

  private static void subs(Screen screen, VmReport vm) {
    if (vm.subs().isEmpty()) {
      return;
    }
    Table table = new Table("  SUB-HOST", ">BYTES", "CONNECTION");
    for (VmReport.Sub sub : vm.subs()) {
      table.row(
          "  " + sub.host(), Size.format(sub.bytes()), sub.connected() ? "up" : "UNREACHABLE");
    }
    table.lines().forEach(screen::line);
  }
}
