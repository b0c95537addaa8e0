package org.smemv.node.command;

import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "cancel",
    description =
        "Gives up the migration of a VM and waits until the VM goes on at its source. From the"
            + " commit on it is refused, with the reason.")
final class VmCancelCommand extends SmemvTask {
  @Parameters(paramLabel = "NAME", description = "The VM.")
  private String name = "";

  @Override
  protected ExitCode run() throws OperationException {
    KnownHosts hosts = hosts();
    MigrationReport report = hosts.migration(screen(), name);
    return new MigrationCancel(screen(), hosts.host(report.source())).cancel(report.id());
  }
}
