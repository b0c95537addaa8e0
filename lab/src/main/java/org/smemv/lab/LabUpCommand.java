package org.smemv.lab;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts a lab and leaves it running. */
@Command(
    name = "up",
    showDefaultValues = true,
    description = "Makes hosts h1..hN on one switch and starts an agent in each.")
final class LabUpCommand extends LabAction {
  @Option(names = "--hosts", paramLabel = "N", description = "1 to 32")
  private int hosts = 4;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      split = ",",
      description = "what each host offers: one size for all, or one for each")
  private List<String> memory = List.of("1G");

  @Option(names = "--link", paramLabel = "RATE", description = "of each host, in each direction")
  private String link = "1gbit";

  @Option(names = "--mtu", paramLabel = "BYTES")
  private int mtu = LabPlan.DEFAULT_MTU;

  @Override
  int run() {
    LabPlan plan = LabPlan.of(hosts, memory, link, mtu);
    Lab lab = Lab.up(plan);
    System.out.print(LabStatusCommand.table(lab));
    return 0;
  }
}
