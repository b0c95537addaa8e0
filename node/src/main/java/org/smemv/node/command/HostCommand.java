package org.smemv.node.command;

import java.util.List;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;
import picocli.CommandLine.Command;

/** Everything about hosts. */
@Command(
    name = "host",
    description = "Look at hosts.",
    subcommands = {HostCommand.ListHosts.class})
final class HostCommand extends CommandGroup {
  @Command(name = "list", description = "Lists all hosts with their memory and VMs.")
  static final class ListHosts extends SmemvTask {
    @Override
    protected ExitCode run() throws OperationException {
      List<HostReport> hosts = hosts().answers(screen(), HostOperations::host);
      screen().data(hosts);
      Table table = new Table("HOST", ">CAPACITY", ">FREE", ">RESERVED", ">USED", ">SHARES", "VMS");
      for (HostReport host : hosts) {
        table.row(
            host.name(),
            Size.format(host.capacityBytes()),
            Size.format(host.freeBytes()),
            Size.format(host.reservedBytes()),
            Size.format(host.usedBytes()),
            host.shares().size(),
            host.vms().isEmpty() ? "-" : String.join(", ", host.vms()));
      }
      table.lines().forEach(screen()::line);
      return ExitCode.OK;
    }
  }
}
