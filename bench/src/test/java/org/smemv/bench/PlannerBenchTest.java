package org.smemv.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PlannerBenchTest {
  @Test
  void aSeedGivesTheSameFleetAndTheTableHasAFigureForEachRow() {
    PlannerReport report = PlannerBench.run(new PlannerBench.Options(300, 100, 7, 2));
    PlannerReport again = PlannerBench.run(new PlannerBench.Options(300, 100, 7, 1));
    assertThat(report.whole() + report.split() + report.none()).isEqualTo(100);
    assertThat(report.whole()).isPositive().isEqualTo(again.whole());
    assertThat(report.split()).isPositive().isEqualTo(again.split());
    assertThat(report.allMillis()).isPositive();
    assertThat(report.table()).contains("300 hosts, 100 VMs (seed 7)").hasLineCount(9);
  }

  @Test
  void aFleetWithoutHostsIsRefused() {
    assertThatThrownBy(() -> new PlannerBench.Options(0, 1, 1, 1)).hasMessageContaining("hosts");
  }
}
