package org.smemv.node.command;

/**
 * A top-level command of another module, found by {@link java.util.ServiceLoader}. The command is
 * best a {@link SmemvTask}, which gives it {@code --json}, the hosts file and the exit codes.
 */
public interface CommandProvider {
  /** An object with picocli's {@code @Command}. */
  Object command();
}
