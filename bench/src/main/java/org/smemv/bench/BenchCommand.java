package org.smemv.bench;

import org.smemv.node.command.CommandGroup;
import picocli.CommandLine.Command;

/** {@code smemv bench}: measurements that print tables of ratios. */
@Command(
    name = "bench",
    description = "Measures S-memV against something else in the same run.",
    subcommands = {
      FaultBenchCommand.class,
      GatherBenchCommand.class,
      EvacuationBenchCommand.class,
      MigrationBenchCommand.class,
      PageServerBenchCommand.class,
      PlannerBenchCommand.class,
      PostCopyBenchCommand.class
    })
public final class BenchCommand extends CommandGroup {}
