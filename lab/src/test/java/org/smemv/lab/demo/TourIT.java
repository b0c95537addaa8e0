package org.smemv.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.lab.GuestImage;
import org.smemv.lab.Lab;
import org.smemv.node.api.HostReport;
import org.smemv.node.command.Screen;

/** What {@code smemv demo --tour} does. */
@Timeout(400)
class TourIT {
  @AfterEach
  void down() {
    Lab.down();
  }

  @Test
  void aVmIsSplitEmptiedOfASubHostMovedSpilledMergedAndPostCopiedWithoutAnError() throws Exception {
    PrintWriter out = new PrintWriter(System.out, true);
    Screen screen = new Screen(out, out, false);
    Lab lab = Lab.up(TourPlan.lab());
    TourSummary summary = new Tour(lab, new DemoProgress(screen)).run(GuestImage.get());
    TourReport.lines(summary).forEach(System.out::println);

    assertThat(summary.errors()).isEmpty();
    assertThat(summary.ok()).isTrue();
    assertThat(summary.load().gets()).isPositive();
    assertThat(summary.steps()).hasSize(TourPlan.steps().size());
    assertThat(summary.steps().get(1).downtimeMillis()).as("no stop").isZero();
    assertThat(summary.vm().host()).isEqualTo("h2");
    assertThat(summary.vm().subs()).isEmpty();
    for (String host : List.of("h1", "h3", "h4", "h5", "h6")) {
      HostReport report = lab.operations(host).host();
      assertThat(report.freeBytes()).as("%s", report).isEqualTo(report.capacityBytes());
    }
  }
}
