package org.smemv.node.command;

import picocli.CommandLine.Command;

/** Everything about virtual machines. */
@Command(
    name = "vm",
    description = "Start, move and watch virtual machines.",
    subcommands = {
      VmStartCommand.class,
      VmAttachCommand.class,
      VmMigrateCommand.class,
      VmMigrationCommand.class,
      VmCancelCommand.class,
      VmPostCopyCommand.class,
      VmStatusCommand.class,
      VmListCommand.class,
      VmSetMainMemoryCommand.class,
      VmStopCommand.class
    })
final class VmCommand extends CommandGroup {}
