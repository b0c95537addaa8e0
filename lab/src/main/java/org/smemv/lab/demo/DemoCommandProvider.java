package org.smemv.lab.demo;

import org.smemv.node.command.CommandProvider;

/** Adds {@code smemv demo}. */
public final class DemoCommandProvider implements CommandProvider {
  /** For {@link java.util.ServiceLoader}. */
  public DemoCommandProvider() {}

  @Override
  public Object command() {
    return new DemoCommand();
  }
}
