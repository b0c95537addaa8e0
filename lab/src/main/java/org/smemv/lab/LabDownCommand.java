package org.smemv.lab;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Removes the lab. */
@Command(
    name = "down",
    mixinStandardHelpOptions = true,
    description = "Removes the lab with its agents and VMs, also after a crash.")
final class LabDownCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    Lab.down();
    return 0;
  }
}
