package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.HdrHistogram.Histogram;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.HostMetrics;

class HostFiguresTest {
  @Test
  void everyMeasuredLatencyIsInOneBucketOfTheSize() {
    Histogram nanos = new Histogram(60_000_000_000L, 3);
    nanos.recordValueWithCount(40_000, 5);
    nanos.recordValueWithCount(150_000, 7);
    nanos.recordValueWithCount(3_000_000, 2);
    nanos.recordValueWithCount(59_000_000_000L, 1);
    HostMetrics.Latency latency = HostFigures.latency(nanos);
    assertThat(latency.counts().getFirst()).isEqualTo(5);
    assertThat(latency.counts().get(HostMetrics.Latency.BOUNDS_MICROS.indexOf(200L))).isEqualTo(7);
    assertThat(latency.counts().get(HostMetrics.Latency.BOUNDS_MICROS.indexOf(5000L))).isEqualTo(2);
    assertThat(latency.counts().getLast()).isEqualTo(1);
    assertThat(latency.counts().stream().mapToLong(Long::longValue).sum()).isEqualTo(15);
    assertThat(latency.sumSeconds()).isCloseTo(59.007, Percentage.withPercentage(0.1));
    assertThat(HostFigures.latency(new Histogram(60_000_000_000L, 3)))
        .isEqualTo(HostMetrics.Latency.NONE);
  }

  @Test
  void migrationsAreCountedByStateAndTheirBytesAdded() {
    GatedMigration one = new GatedMigration("");
    GatedMigration two = new GatedMigration("");
    one.sentBytes = 5;
    two.sentBytes = 7;
    MigrationSums sums =
        MigrationSums.NONE
            .plus(new MigrationJob("1", "h1", one.migration(), () -> false))
            .plus(new MigrationJob("2", "h1", two.migration(), () -> false));
    assertThat(sums.byState()).containsOnlyKeys(MigrationState.PLAN).containsValue(2L);
    assertThat(sums.sentBytes()).isEqualTo(12);
  }
}
