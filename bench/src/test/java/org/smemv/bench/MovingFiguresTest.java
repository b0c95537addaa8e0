package org.smemv.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.smemv.node.api.VmReport;

class MovingFiguresTest {
  private static final FaultReport.Latency LINK = new FaultReport.Latency(1, 2, 3, 4, 5);

  @Test
  void equalMovesAreOneRowOfMediansAndATimeWithoutAMoveHasNoTotal() {
    PostCopyFigures figures =
        new PostCopyFigures(
            LINK,
            LINK,
            List.of(
                move("post-copy, whole", 1000, 10, 700),
                move("post-copy, whole", 3000, 30, 900),
                move("no transfer, split", 0, 0, 100)));
    assertThat(figures.table())
        .anySatisfy(row -> assertThat(row).containsPattern("whole +2.00 +20 +5 +1 +800 "))
        .anySatisfy(row -> assertThat(row).containsPattern("no transfer, split +- +- +5 +1 +100 "));
  }

  private static PostCopyFigures.Move move(
      String kind, double total, double downtime, double p99Micros) {
    VmReport.Faults faults = new VmReport.Faults(5, 0, 5, 1, p99Micros, 2000, 3000);
    return new PostCopyFigures.Move(512, kind, total, downtime, faults);
  }

  @Test
  void aMergeIsComparedWithTheBetterOfTwoLooksAtTheLinks() {
    GatherFigures.Merge merge =
        new GatherFigures.Merge("idle", "pre-copy", 3000, 20, 2000, 720e6, 180e6, 540e6, 1e6);
    GatherFigures figures =
        GatherFigures.of(
            List.of(100e6, 100e6, 100e6, 90e6),
            List.of(1e8, 1e8, 1e8, 1e8),
            List.of(merge),
            List.of());
    assertThat(figures.linkBytesPerSecond()).isEqualTo(4e8);
    assertThat(figures.table())
        .anySatisfy(row -> assertThat(row).containsPattern("idle, pre-copy .* 360.0 +0.90 "));
  }

  @Test
  void whatCannotBeMeasuredIsRefused() {
    assertThatThrownBy(() -> new PostCopyBench.Options(List.of(), 1, "1gbit"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PostCopyBench.Options(List.of(128), 1, "1gbit"))
        .hasMessageContaining("192");
    assertThatThrownBy(() -> new GatherBench.Options(1024, 0, "1gbit", "10gbit"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
