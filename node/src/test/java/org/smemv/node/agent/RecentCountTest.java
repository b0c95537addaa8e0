package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RecentCountTest {
  private long now = Long.MAX_VALUE - 5;
  private long counted;

  @Test
  void itIsCountedAgainWhenItIsOldAlsoWhenTheClockWrapsAround() {
    RecentCount count = new RecentCount(() -> ++counted, Duration.ofNanos(10), () -> now);
    assertThat(count.get()).isEqualTo(1);
    now += 9;
    assertThat(count.get()).isEqualTo(1);
    now += 1;
    assertThat(count.get()).isEqualTo(2);
    now += 100;
    assertThat(count.get()).isEqualTo(3);
    assertThat(count.get()).isEqualTo(3);
  }
}
