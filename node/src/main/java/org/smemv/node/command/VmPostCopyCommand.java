package org.smemv.node.command;

import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Has a running pre-copy become a post-copy. */
@Command(
    name = "postcopy",
    description =
        "Has the running migration of a VM switch over now: what has not moved yet follows, on"
            + " demand and in the background. Follows it to its end.")
final class VmPostCopyCommand extends SmemvTask {
  @Parameters(paramLabel = "NAME", description = "The VM.")
  private String name = "";

  @Override
  protected ExitCode run() throws OperationException {
    KnownHosts hosts = hosts();
    MigrationReport report = hosts.migration(screen(), name);
    HostOperations source = hosts.host(report.source());
    return new MigrationWatch(screen(), source, source.postCopy(report.id())).watch();
  }
}
