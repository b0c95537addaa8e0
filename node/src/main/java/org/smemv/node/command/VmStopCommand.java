package org.smemv.node.command;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.OperationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "stop", description = "Ends a VM and frees its memory on all hosts.")
final class VmStopCommand extends SmemvTask {
  @Parameters(paramLabel = "NAME", description = "The VM.")
  private String name = "";

  @Option(names = "--host", paramLabel = "H", description = "Where it runs; found if left out.")
  private @Nullable String host;

  @Override
  protected ExitCode run() throws OperationException {
    KnownHosts.Place place = hosts().find(screen(), name, host);
    place.operations().stop(name);
    screen().data(Map.of("vm", name, "host", place.host(), "stopped", true));
    screen().line("VM " + name + " on " + place.host() + " has ended");
    return ExitCode.OK;
  }
}
