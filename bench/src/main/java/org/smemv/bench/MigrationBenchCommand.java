package org.smemv.bench;

import org.smemv.node.api.OperationException;
import org.smemv.node.command.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench migration}. */
@Command(
    name = "migration",
    showDefaultValues = true,
    description = "A split migration against stock QEMU to a host with enough memory.")
final class MigrationBenchCommand extends BenchTask {
  @Option(names = "--repetitions", paramLabel = "N", description = "Of each of the four kinds.")
  private int repetitions = 3;

  @Option(names = "--vm", paramLabel = "MIB", description = "Memory of the VM, in MiB.")
  private int vm = 1024;

  @Option(names = "--fill", paramLabel = "MIB", description = "Values in its memcached, in MiB.")
  private int fill = 600;

  @Option(names = "--downtime-limit", paramLabel = "MS", description = "Of the split migration.")
  private int downtimeLimit = 50;

  @Option(names = "--link", paramLabel = "RATE", description = "Of each host, in each direction.")
  private String link = "1gbit";

  @Override
  protected ExitCode run() throws OperationException {
    MigrationFigures figures =
        MigrationBench.run(
            new MigrationBench.Options(repetitions, vm, fill, downtimeLimit, link), this::progress);
    screen()
        .line(
            "\nSplit migration (half of the memory to the main host, the rest to two sub-hosts)"
                + " against stock QEMU\nto a host with enough memory: %d MiB VM, %d MiB of values in"
                    .formatted(vm, fill)
                + " memcached, %s links, medians of %d\n".formatted(link, repetitions));
    figures.table().forEach(screen()::line);
    screen()
        .line(
            "\nStock QEMU's time begins when the QEMU that waits has been started; S-memV's time"
                + " holds that start.\nQEMU 7.2 under TCG loses writes of a loaded guest (a fixed"
                + " upstream bug): it is a measure of time only.");
    screen().data(figures);
    return ExitCode.OK;
  }
}
