package org.smemv.node.command;

import java.nio.file.Path;
import org.smemv.node.api.AttachVm;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;
import org.smemv.node.api.VmReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "attach",
    description = {
      "Takes over the memory of a QEMU that somebody else started.",
      "An attached VM cannot be moved or split yet: no other host could start an equal QEMU."
    })
final class VmAttachCommand extends SmemvTask {
  @Parameters(paramLabel = "NAME", description = "The VM's name from now on.")
  private String name = "";

  @Option(names = "--host", required = true, paramLabel = "H", description = "Where it runs.")
  private String host = "";

  @Option(names = "--pid", required = true, paramLabel = "P", description = "QEMU's process id.")
  private long pid;

  @Option(
      names = "--qmp",
      required = true,
      paramLabel = "SOCKET",
      description = "QEMU's QMP socket; nobody else may be connected to it.")
  private Path qmp = Path.of("");

  @Override
  protected ExitCode run() throws OperationException {
    AttachVm request = new AttachVm(name, pid, qmp.toAbsolutePath().normalize().toString());
    VmReport report = hosts().host(host).attach(request);
    screen().data(report);
    screen()
        .line(
            "VM "
                + report.name()
                + " on "
                + report.host()
                + ": "
                + Size.format(report.memoryBytes())
                + " taken over from process "
                + report.pid());
    return ExitCode.OK;
  }
}
