package org.smemv.node.command;

import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "undrain",
    description =
        "Has a host take VMs and parts of them again. Migrations that its drain began and that have"
            + " not come to their commit are cancelled.")
final class HostUndrainCommand extends SmemvTask {
  @Parameters(paramLabel = "H", description = "The host.")
  private String host = "";

  @Override
  protected ExitCode run() throws OperationException {
    HostReport report = hosts().host(host).setDraining(new SetDraining(false));
    screen().data(report);
    screen().line("host " + report.name() + " takes VMs again");
    return ExitCode.OK;
  }
}
