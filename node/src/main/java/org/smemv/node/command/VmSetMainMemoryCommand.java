package org.smemv.node.command;

import org.jspecify.annotations.Nullable;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetMainMemory;
import org.smemv.node.api.Size;
import org.smemv.node.api.VmReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "set-main-memory",
    description = "Changes how much of a running VM's memory may be on its main host.")
final class VmSetMainMemoryCommand extends SmemvTask {
  @Parameters(index = "0", paramLabel = "NAME", description = "The VM.")
  private String name = "";

  @Parameters(
      index = "1",
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "Such as 512M.")
  private long bytes;

  @Option(names = "--host", paramLabel = "H", description = "Where it runs; found if left out.")
  private @Nullable String host;

  @Override
  protected ExitCode run() throws OperationException {
    SetMainMemory request = new SetMainMemory(bytes);
    VmReport report = hosts().find(screen(), name, host).operations().setMainMemory(name, request);
    screen().data(report);
    screen()
        .line(
            "VM "
                + report.name()
                + " may use "
                + Size.format(report.mainMemoryBytes())
                + " of "
                + report.host()
                + "; resident now "
                + Size.format(report.residentBytes()));
    return ExitCode.OK;
  }
}
