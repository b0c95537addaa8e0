package org.smemv.bench;

import org.smemv.node.api.OperationException;
import org.smemv.node.command.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench evacuate}. */
@Command(
    name = "evacuate",
    showDefaultValues = true,
    description =
        "A VM that leaves its host fast, over several hosts with slower links, against one of them"
            + " and against plain TCP.")
final class EvacuationBenchCommand extends BenchTask {
  @Option(names = "--vm", paramLabel = "MIB", description = "Memory of the VM, in MiB.")
  private int vm = 1024;

  @Option(names = "--repetitions", paramLabel = "N", description = "Of each way to leave.")
  private int repetitions = 2;

  @Option(names = "--link", paramLabel = "RATE", description = "Of the host that is left.")
  private String link = "1gbit";

  @Option(names = "--target-links", paramLabel = "RATE", description = "Of the four others.")
  private String targetLinks = "250mbit";

  @Override
  protected ExitCode run() throws OperationException {
    EvacuationFigures figures =
        EvacuationBench.run(
            new EvacuationBench.Options(vm, repetitions, link, targetLinks), this::progress);
    screen()
        .line(
            "\nAn idle VM of %d MiB leaves a host with a link of %s; four others have %s. Medians of %d.\n"
                .formatted(vm, link, targetLinks, repetitions));
    figures.table().forEach(screen()::line);
    screen().data(figures);
    return ExitCode.OK;
  }
}
