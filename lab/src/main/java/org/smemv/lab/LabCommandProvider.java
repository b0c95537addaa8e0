package org.smemv.lab;

import org.smemv.node.command.CommandProvider;

/** Adds {@code smemv lab}. */
public final class LabCommandProvider implements CommandProvider {
  /** For {@link java.util.ServiceLoader}. */
  public LabCommandProvider() {}

  @Override
  public Object command() {
    return new LabCommand();
  }
}
