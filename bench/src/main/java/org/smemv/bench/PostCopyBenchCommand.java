package org.smemv.bench;

import java.util.List;
import org.smemv.node.api.OperationException;
import org.smemv.node.command.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench postcopy}. */
@Command(
    name = "postcopy",
    showDefaultValues = true,
    description = "Post-copy beside pre-copy, and page faults while the rest of a VM comes.")
final class PostCopyBenchCommand extends BenchTask {
  @Option(
      names = "--vm",
      paramLabel = "MIB",
      split = ",",
      description = "Memory of a VM, in MiB; may be repeated.")
  private List<Integer> vms = List.of(256, 512, 1024, 2048);

  @Option(names = "--repetitions", paramLabel = "N", description = "Of all moves of each VM.")
  private int repetitions = 1;

  @Option(names = "--link", paramLabel = "RATE", description = "Of each host, in each direction.")
  private String link = "1gbit";

  @Override
  protected ExitCode run() throws OperationException {
    PostCopyFigures figures =
        PostCopyBench.run(new PostCopyBench.Options(vms, repetitions, link), this::progress);
    screen()
        .line(
            "\nA VM under random reads moves over %s links, to one host (whole) or with half of it"
                    .formatted(link)
                + " at two sub-hosts\n(split), and back (merge); remote faults while pages come in"
                + " the background. Medians of %d.\n".formatted(repetitions)
                + "Aims: downtime of post-copy under 100 ms, p99 of its faults under 2000 us.\n");
    figures.table().forEach(screen()::line);
    screen().data(figures);
    return ExitCode.OK;
  }
}
