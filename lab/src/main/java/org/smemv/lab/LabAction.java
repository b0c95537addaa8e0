package org.smemv.lab;

import java.util.concurrent.Callable;
import org.smemv.node.command.SmemvCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command of the lab: what an operator can mend is told in one sentence, with exit status 1. */
abstract class LabAction implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Whether data is wanted instead of text for people. */
  final boolean json() {
    return spec.root().userObject() instanceof SmemvCommand root && root.json();
  }

  /** Does it; the result is the exit status. */
  abstract int run() throws Exception;

  @Override
  public final Integer call() throws Exception {
    try {
      return run();
    } catch (LabException e) {
      spec.commandLine().getErr().println("smemv: " + e.getMessage());
      return spec.exitCodeOnExecutionException();
    }
  }
}
