package org.smemv.bench;

import org.smemv.node.api.OperationException;
import org.smemv.node.command.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench gather}. */
@Command(
    name = "gather",
    showDefaultValues = true,
    description = "A VM of four hosts merged on a fifth, against what their links give plain TCP.")
final class GatherBenchCommand extends BenchTask {
  @Option(names = "--vm", paramLabel = "MIB", description = "Memory of the VM, in MiB.")
  private int vm = 1024;

  @Option(names = "--repetitions", paramLabel = "N", description = "Of each move.")
  private int repetitions = 2;

  @Option(names = "--links", paramLabel = "RATE", description = "Of each of the four hosts.")
  private String links = "1gbit";

  @Option(names = "--target-link", paramLabel = "RATE", description = "Of the fifth host.")
  private String targetLink = "10gbit";

  @Override
  protected ExitCode run() throws OperationException {
    GatherFigures figures =
        GatherBench.run(
            new GatherBench.Options(vm, repetitions, links, targetLink), this::progress);
    screen()
        .line(
            "\nA VM of %d MiB, a quarter on each of four hosts with %s links, merged on a fifth with"
                    .formatted(vm, links)
                + " %s;\nand its main part alone moved. Medians of %d (main part: of %d).\n"
                    .formatted(targetLink, repetitions, 2 * repetitions));
    figures.table().forEach(screen()::line);
    screen().data(figures);
    return ExitCode.OK;
  }
}
