package org.smemv.lab.demo;

import org.smemv.lab.GuestImage;
import org.smemv.lab.Lab;
import org.smemv.node.api.OperationException;
import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvTask;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code smemv demo}. */
@Command(
    name = "demo",
    description = {
      "Splits a VM under load over three hosts of a lab on this machine, and checks everything.",
      "Needs root. Takes under three minutes."
    })
public final class DemoCommand extends SmemvTask {
  @Option(names = "--keep", description = "Leave the lab and the VM running.")
  private boolean keep;

  /** For the command line. */
  public DemoCommand() {}

  @Override
  protected ExitCode run() throws OperationException, InterruptedException {
    DemoProgress progress = new DemoProgress(screen());
    try (Interruption _ = Interruption.ofThisThread()) {
      Lab.checkMachine();
      progress.line("building the guest's image, if it is not there yet");
      GuestImage image = GuestImage.get();
      Lab lab = Lab.up(DemoPlan.lab());
      progress.line("the lab is up: four hosts, 1 Gbit/s each");
      DemoSummary summary;
      try {
        summary = new Demo(lab, progress).run(image);
      } finally {
        if (!keep) {
          removeLab();
        }
      }
      screen().data(summary);
      DemoReport.lines(summary).forEach(screen()::line);
      if (keep) {
        screen().line("The lab is left up: './smemv vm status demo', './smemv lab down'.");
      }
      return summary.ok() ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  /** An interrupted demo must still be removed to its end. */
  private static void removeLab() {
    boolean interrupted = Thread.interrupted();
    Lab.down();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
