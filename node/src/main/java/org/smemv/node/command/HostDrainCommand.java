package org.smemv.node.command;

import org.jspecify.annotations.Nullable;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "drain",
    description = {
      "Empties a host: it takes nothing new, its VMs and the parts of others that it holds move"
          + " away.",
      "Its agent does it, and goes on if this command ends or the agent is restarted, until 'smemv"
          + " host undrain'."
    })
final class HostDrainCommand extends SmemvTask {
  @Parameters(paramLabel = "H", description = "The host.")
  private String host = "";

  @Option(
      names = "--at-once",
      paramLabel = "N",
      description = "How many VMs and parts move at the same time, 1 to 64; 2 if left out.")
  private int atOnce;

  @Option(
      names = "--mode",
      paramLabel = "precopy|postcopy|hybrid",
      description = "How VMs move, as with 'vm migrate'; precopy if left out.")
  private @Nullable MigrationMode mode;

  @Option(
      names = "--fast",
      description =
          "Leave as fast as the host's link allows: all at once, each VM and part to other hosts if"
              + " there are enough, and over as many as its part of the link can feed; what sub-hosts"
              + " have of a VM stays there.")
  private boolean fast;

  @Option(names = "--no-wait", description = "Return at once; the drain goes on.")
  private boolean noWait;

  @Override
  protected ExitCode run() throws OperationException {
    SetDraining request = new SetDraining(true, atOnce, mode, fast);
    HostOperations operations = hosts().host(host);
    HostReport report = operations.setDraining(request);
    screen()
        .line(
            "host %s is draining; there are %d VMs and parts of %d others"
                .formatted(report.name(), report.vms().size(), report.shares().size()));
    if (noWait) {
      screen().data(report);
      return ExitCode.OK;
    }
    return new DrainWatch(screen(), operations).watch();
  }
}
