package org.smemv.bench;

import org.smemv.node.command.CommandProvider;

/** Adds {@code smemv bench}. */
public final class BenchCommandProvider implements CommandProvider {
  /** For {@link java.util.ServiceLoader}. */
  public BenchCommandProvider() {}

  @Override
  public Object command() {
    return new BenchCommand();
  }
}
