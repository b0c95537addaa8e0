package org.smemv.lab;

import picocli.CommandLine.Command;

/** Removes the lab. */
@Command(
    name = "down",
    description = "Removes the lab with its agents and VMs, also after a crash.")
final class LabDownCommand extends LabAction {
  @Override
  int run() {
    Lab.down();
    return 0;
  }
}
