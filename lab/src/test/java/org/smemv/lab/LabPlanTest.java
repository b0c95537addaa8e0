package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class LabPlanTest {
  @Test
  void oneSizeIsForAllHosts() {
    LabPlan plan = LabPlan.of(3, List.of("512M"), "1gbit", 1500);

    assertThat(plan.hosts()).extracting(HostPlan::capacityBytes).containsOnly(512L << 20);
    assertThat(plan.hosts()).extracting(HostPlan::name).containsExactly("h1", "h2", "h3");
    assertThat(plan.host("h3").data()).isEqualTo("10.77.0.3:7400");
  }

  @Test
  void otherwiseThereIsOneSizeForEachHost() {
    assertThat(LabPlan.of(2, List.of("1G", "512M"), "1gbit", 1500).host("h2").capacityBytes())
        .isEqualTo(512L << 20);
    assertThatThrownBy(() -> LabPlan.of(3, List.of("1G", "512M"), "1gbit", 1500))
        .hasMessageContaining("3 hosts but 2 memory sizes");
  }

  @Test
  void oneRateIsForAllLinksAndOtherwiseThereIsOneForEachHost() {
    LabPlan equal = LabPlan.of(3, List.of("1G"), "1gbit", 1500);
    assertThat(equal.hosts()).extracting(HostPlan::link).containsOnly(LinkRate.parse("1gbit"));

    LabPlan mixed = LabPlan.of(2, List.of("1G"), "1gbit,10gbit", 1500);
    assertThat(mixed.host("h1").link()).isEqualTo(LinkRate.parse("1gbit"));
    assertThat(mixed.host("h2").link()).isEqualTo(LinkRate.parse("10gbit"));

    assertThatThrownBy(() -> LabPlan.of(3, List.of("1G"), "1gbit,10gbit", 1500))
        .hasMessageContaining("3 hosts but 2 link rates");
    assertThatThrownBy(() -> LabPlan.of(2, List.of("1G"), "1gbit,", 1500))
        .hasMessageContaining("'' is no link rate");
  }

  @Test
  void anUnknownHostIsNamedTogetherWithThoseThereAre() {
    LabPlan plan = LabPlan.of(2, List.of("1G"), "1gbit", 1500);

    assertThatThrownBy(() -> plan.host("h9"))
        .hasMessageContaining("'h9'")
        .hasMessageContaining("h1, h2");
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    assertThatThrownBy(() -> LabPlan.of(0, List.of(), "1gbit", 1500))
        .isInstanceOf(LabException.class);
    assertThatThrownBy(() -> LabPlan.of(33, List.of("1G"), "1gbit", 1500))
        .isInstanceOf(LabException.class);
    assertThatThrownBy(() -> LabPlan.of(1, List.of("1G"), "1gbit", 500))
        .hasMessageContaining("MTU");
  }
}
