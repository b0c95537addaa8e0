package org.smemv.lab;

import java.util.List;
import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvTask;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts a lab and leaves it running. */
@Command(
    name = "up",
    showDefaultValues = true,
    description = "Makes hosts h1..hN on one switch and starts an agent in each.")
final class LabUpCommand extends SmemvTask {
  @Option(names = "--hosts", paramLabel = "N", description = "1 to 32")
  private int hosts = 4;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      split = ",",
      description = "what each host offers: one size for all, or one for each")
  private List<String> memory = List.of("1G");

  @Option(
      names = "--link",
      paramLabel = "RATE[,RATE]...",
      description = "in each direction: one rate for all hosts, or one for each")
  private String link = "1gbit";

  @Option(names = "--mtu", paramLabel = "BYTES")
  private int mtu = LabPlan.DEFAULT_MTU;

  @Override
  protected ExitCode run() {
    Lab lab = Lab.up(plan());
    LabStatusCommand.show(lab, screen());
    return ExitCode.OK;
  }

  /** What does not fit together is a command line that makes no sense. */
  private LabPlan plan() {
    try {
      return LabPlan.of(hosts, memory, link, mtu);
    } catch (LabException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }
}
