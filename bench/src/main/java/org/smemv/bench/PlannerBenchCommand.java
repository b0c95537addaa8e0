package org.smemv.bench;

import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvTask;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench planner}. */
@Command(
    name = "planner",
    description = "How long the choice of hosts takes in a large fleet, made from a seed.")
final class PlannerBenchCommand extends SmemvTask {
  @Option(
      names = "--hosts",
      defaultValue = "10000",
      description = "Hosts in the fleet (default ${DEFAULT-VALUE}).")
  private int hosts;

  @Option(
      names = "--vms",
      defaultValue = "1000",
      description = "VMs to place (default ${DEFAULT-VALUE}).")
  private int vms;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Of the fleet and the VMs (default ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--rounds",
      defaultValue = "100",
      description = "Rounds whose median counts (default ${DEFAULT-VALUE}).")
  private int rounds;

  @Override
  protected ExitCode run() {
    PlannerReport report = PlannerBench.run(new PlannerBench.Options(hosts, vms, seed, rounds));
    screen().line(report.table());
    screen().data(report);
    return ExitCode.OK;
  }
}
