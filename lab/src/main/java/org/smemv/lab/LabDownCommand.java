package org.smemv.lab;

import java.util.Map;
import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvTask;
import picocli.CommandLine.Command;

/** Removes the lab. */
@Command(
    name = "down",
    description = "Removes the lab with its agents and VMs, also after a crash.")
final class LabDownCommand extends SmemvTask {
  @Override
  protected ExitCode run() {
    Lab.down();
    screen().data(Map.of("removed", true));
    return ExitCode.OK;
  }
}
