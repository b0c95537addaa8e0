package org.smemv.node.command;

import java.util.List;
import org.smemv.node.api.DirectoryHost;
import org.smemv.node.api.DirectoryOperations;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Everything about hosts. */
@Command(
    name = "host",
    description = "Look at hosts, and empty them.",
    subcommands = {HostCommand.ListHosts.class, HostDrainCommand.class, HostUndrainCommand.class})
final class HostCommand extends CommandGroup {
  @Command(name = "list", description = "Lists all hosts with their memory and VMs.")
  static final class ListHosts extends SmemvTask {
    @Mixin private DirectoryChoice directory = new DirectoryChoice();

    @Override
    protected ExitCode run() throws OperationException {
      List<DirectoryHost> known = directory.answer(this, DirectoryOperations::hosts);
      Table table = known == null ? ofHosts() : ofDirectory(known);
      table.lines().forEach(screen()::line);
      return ExitCode.OK;
    }

    private Table ofHosts() throws OperationException {
      List<HostReport> hosts = hosts().answers(screen(), HostOperations::host);
      screen().data(hosts);
      Table table = table();
      for (HostReport host : hosts) {
        table.row(
            host.name(),
            Size.format(host.capacityBytes()),
            Size.format(host.freeBytes()),
            Size.format(host.reservedBytes()),
            Size.format(host.usedBytes()),
            host.shares().size(),
            names(host.vms()),
            host.draining() ? "draining" : "up");
      }
      return table;
    }

    private Table ofDirectory(List<DirectoryHost> hosts) {
      screen().data(hosts);
      Table table = table();
      for (DirectoryHost host : hosts) {
        table.row(
            host.name(),
            Size.format(host.capacityBytes()),
            Size.format(host.freeBytes()),
            Size.format(host.reservedBytes()),
            Size.format(host.usedBytes()),
            host.shares().size(),
            names(host.vms()),
            state(host));
      }
      return table;
    }

    private static Table table() {
      return new Table(
          "HOST", ">CAPACITY", ">FREE", ">RESERVED", ">USED", ">SHARES", "VMS", "STATE");
    }

    private static String state(DirectoryHost host) {
      if (host.lost()) {
        return "LOST " + host.silentMillis() / 1000 + " s";
      }
      return host.draining() ? "draining" : "up";
    }

    private static String names(List<String> vms) {
      return vms.isEmpty() ? "-" : String.join(", ", vms);
    }
  }
}
