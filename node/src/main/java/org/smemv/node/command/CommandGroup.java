package org.smemv.node.command;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that only holds others: without one of them it is a wrong usage. */
public abstract class CommandGroup implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    if (spec == null) {
      throw new IllegalStateException("a command runs only through picocli");
    }
    throw new ParameterException(
        spec.commandLine(),
        spec.qualifiedName() + " needs one of: " + String.join(", ", spec.subcommands().keySet()));
  }
}
