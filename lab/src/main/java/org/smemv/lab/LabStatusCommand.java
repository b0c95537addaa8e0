package org.smemv.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.smemv.node.api.Size;
import picocli.CommandLine.Command;

/** Tells what runs. */
@Command(name = "status", description = "Shows the hosts of the running lab.")
final class LabStatusCommand extends LabAction {
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
          lab.plan().link().toString(),
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
  int run() throws JsonProcessingException {
    Lab lab = Lab.running();
    System.out.print(json() ? new ObjectMapper().writeValueAsString(rows(lab)) + "\n" : table(lab));
    return 0;
  }

  private static List<Row> rows(Lab lab) {
    return lab.hosts().stream().map(host -> Row.of(lab, host)).toList();
  }

  static String table(Lab lab) {
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
