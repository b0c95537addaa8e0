package org.smemv.node.command;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.OperationException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command has: the screen, the hosts and the way it ends. */
public abstract class SmemvTask implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  /** Does the work. */
  protected abstract ExitCode run() throws Exception;

  @Override
  public final Integer call() throws Exception {
    try {
      return status(run());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** What the shell sees. */
  protected int status(ExitCode end) {
    return end.number();
  }

  /** Where the command's answer goes. */
  protected final Screen screen() {
    return new Screen(commandLine().getOut(), commandLine().getErr(), root().json());
  }

  /** The hosts of the hosts file, read now. */
  protected final KnownHosts hosts() throws OperationException {
    return KnownHosts.read(root().hostsFile());
  }

  /** The command with the options that all commands share. */
  protected final SmemvCommand root() {
    return (SmemvCommand) commandLine().getCommandSpec().root().userObject();
  }

  /** picocli's side of this command. */
  protected final CommandLine commandLine() {
    if (spec == null) {
      throw new IllegalStateException("a command runs only through picocli");
    }
    return spec.commandLine();
  }
}
