package org.smemv.bench;

import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvTask;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench fault}. */
@Command(
    name = "fault",
    showDefaultValues = true,
    description = "A remote page fault against a TCP ping-pong of one page over the same link.")
final class FaultBenchCommand extends SmemvTask {
  @Option(names = "--warm-up", paramLabel = "N", description = "Samples of each that do not count.")
  private int warmUp = 30_000;

  @Option(names = "--rounds", paramLabel = "N", description = "Rounds of each, in turn.")
  private int rounds = 10;

  @Option(names = "--samples", paramLabel = "N", description = "Samples of each in a round.")
  private int samples = 5_000;

  @Option(
      names = "--pause",
      paramLabel = "US",
      description = "Computing between two samples, in microseconds.")
  private int pause;

  @Option(names = "--link", paramLabel = "RATE", description = "Of each host, in each direction.")
  private String link = "1gbit";

  @Override
  protected ExitCode run() {
    FaultReport report =
        FaultBench.run(new FaultBench.Options(warmUp, rounds, samples, pause, link));
    screen()
        .line(
            "Remote fault of one 4 KiB page against a TCP ping-pong of 64 and 4160 bytes:\n"
                + "%d samples of each in %d rounds in turn, hosts with %s links, %d us of computing between two\n"
                    .formatted(report.samples(), rounds, link, pause));
    report.table().forEach(screen()::line);
    screen()
        .line(
            "\nThe fault is timed by the faulting thread of a purpose-made process, which stands for"
                + " a vCPU:\na translated guest would only add noise. The ping-pong blocks at both"
                + " ends.");
    screen().data(report);
    return ExitCode.OK;
  }
}
