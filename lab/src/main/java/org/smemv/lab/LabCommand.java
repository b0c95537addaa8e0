package org.smemv.lab;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code smemv lab}: hosts as network namespaces of this machine. */
@Command(
    name = "lab",
    description = "Hosts as network namespaces of this machine, with shaped links and agents.",
    subcommands = {
      LabUpCommand.class,
      LabStatusCommand.class,
      LabExecCommand.class,
      LabDownCommand.class
    })
public final class LabCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "one of up, status, exec, down is missing");
  }
}
