package org.smemv.node.command;

import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Migrations that were started earlier. */
@Command(
    name = "migration",
    description = "Look at, follow or cancel a migration.",
    subcommands = {
      VmMigrationCommand.Status.class,
      VmMigrationCommand.Watch.class,
      VmMigrationCommand.Cancel.class
    })
final class VmMigrationCommand extends CommandGroup {
  /** What the three have in common: they find the migration first. */
  abstract static class OnMigration extends SmemvTask {
    @Parameters(paramLabel = "ID|VM", description = "A migration's id, or its VM's name.")
    private String wanted = "";

    abstract ExitCode run(HostOperations source, MigrationReport report) throws OperationException;

    @Override
    protected final ExitCode run() throws OperationException {
      KnownHosts hosts = hosts();
      MigrationReport report = hosts.migration(screen(), wanted);
      return run(hosts.host(report.source()), report);
    }

    final ExitCode show(MigrationReport report) {
      screen().data(report);
      MigrationText.summary(report).forEach(screen()::line);
      return MigrationWatch.exitCode(report);
    }
  }

  @Command(name = "status", description = "Shows where a migration is.")
  static final class Status extends OnMigration {
    @Override
    ExitCode run(HostOperations source, MigrationReport report) {
      return show(report);
    }
  }

  @Command(name = "watch", description = "Follows a migration to its end.")
  static final class Watch extends OnMigration {
    @Override
    ExitCode run(HostOperations source, MigrationReport report) throws OperationException {
      return new MigrationWatch(screen(), source, report).watch();
    }
  }

  @Command(
      name = "cancel",
      description =
          "Gives a migration up and waits until the VM goes on at its source. Refused from the"
              + " commit on.")
  static final class Cancel extends OnMigration {
    @Override
    ExitCode run(HostOperations source, MigrationReport report) throws OperationException {
      return new MigrationCancel(screen(), source).cancel(report.id());
    }
  }
}
