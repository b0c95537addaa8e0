package org.smemv.lab.demo;

import org.smemv.lab.GuestImage;
import org.smemv.lab.Lab;
import org.smemv.lab.LabPlan;
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
  @Option(
      names = "--tour",
      description =
          "Instead: split a VM, empty a sub-host, move the main part, spill, merge, post-copy.")
  private boolean tour;

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
      LabPlan plan = tour ? TourPlan.lab() : DemoPlan.lab();
      Lab lab = Lab.up(plan);
      progress.line("the lab is up: %d hosts, 1 Gbit/s each".formatted(plan.hosts().size()));
      boolean ok;
      try {
        ok = tour ? tour(lab, progress, image) : demo(lab, progress, image);
      } finally {
        if (!keep) {
          removeLab();
        }
      }
      if (keep) {
        screen()
            .line(
                "The lab is left up: './smemv vm status %s', './smemv lab down'."
                    .formatted(tour ? TourPlan.VM : DemoPlan.VM));
      }
      return ok ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  private boolean demo(Lab lab, DemoProgress progress, GuestImage image)
      throws OperationException, InterruptedException {
    DemoSummary summary = new Demo(lab, progress).run(image);
    screen().data(summary);
    DemoReport.lines(summary).forEach(screen()::line);
    return summary.ok();
  }

  private boolean tour(Lab lab, DemoProgress progress, GuestImage image)
      throws OperationException, InterruptedException {
    TourSummary summary = new Tour(lab, progress).run(image);
    screen().data(summary);
    TourReport.lines(summary).forEach(screen()::line);
    return summary.ok();
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
