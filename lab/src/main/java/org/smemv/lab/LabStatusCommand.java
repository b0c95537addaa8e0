package org.smemv.lab;

import java.util.List;
import org.smemv.node.api.Size;
import org.smemv.node.command.ExitCode;
import org.smemv.node.command.Screen;
import org.smemv.node.command.SmemvTask;
import picocli.CommandLine.Command;

/** Tells what runs. */
@Command(name = "status", description = "Shows the hosts of the running lab.")
final class LabStatusCommand extends SmemvTask {
  private static final String ROW = "%-6s %-12s %-9s %-16s %10s %10s %10s%n";

  /**
   * A host as {@code --json} gives it.
   *
   * @param agentPid 0 when no agent was started
   * @param capacityBytes offered to VMs and pages
   * @param usedBytes by everything in the host, page cache included
   * @param limitBytes where the kernel stops it
   */
  record Row(
      String name,
      String address,
      String link,
      long agentPid,
      boolean agentAlive,
      long capacityBytes,
      long usedBytes,
      long limitBytes) {
    static Row of(Lab lab, LabHost host) {
      HostPlan plan = host.plan();
      MemoryUse memory = host.memory();
      return new Row(
          plan.name(),
          plan.address(),
          plan.link().toString(),
          lab.agent(plan.name()).map(RecordedProcess::pid).orElse(0L),
          lab.agent(plan.name()).map(RecordedProcess::isAlive).orElse(false),
          plan.capacityBytes(),
          memory.total(),
          memory.limit());
    }

    String agent() {
      return agentAlive ? "pid " + agentPid : "dead (" + agentPid + ")";
    }
  }

  @Override
  protected ExitCode run() {
    show(Lab.running(), screen());
    return ExitCode.OK;
  }

  /** The hosts of a lab, as text or as data. */
  static void show(Lab lab, Screen screen) {
    screen.data(rows(lab));
    table(lab).lines().forEach(screen::line);
  }

  private static List<Row> rows(Lab lab) {
    return lab.hosts().stream().map(host -> Row.of(lab, host)).toList();
  }

  private static String table(Lab lab) {
    StringBuilder text = new StringBuilder();
    text.append(ROW.formatted("HOST", "ADDRESS", "LINK", "AGENT", "CAPACITY", "USED", "LIMIT"));
    for (Row row : rows(lab)) {
      text.append(
          ROW.formatted(
              row.name(),
              row.address(),
              row.link(),
              row.agent(),
              Size.format(row.capacityBytes()),
              mebibytes(row.usedBytes()),
              mebibytes(row.limitBytes())));
    }
    return text.toString();
  }

  private static String mebibytes(long bytes) {
    return (bytes >> 20) + "M";
  }
}
