package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class HostMemoryTest {
  private static final long TOTAL = 64L << 30;

  @Test
  void theTotalIsReadAsTheKernelPrintsIt() throws Exception {
    assertThat(HostMemory.totalBytes(List.of("MemTotal:       24684084 kB", "MemFree: 1 kB")))
        .isEqualTo(24684084L << 10);
  }

  @Test
  void aCapacityThatLeavesNothingForTheRestIsRefused() {
    assertThatThrownBy(() -> HostMemory.require(TOTAL, TOTAL))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "--capacity of 65536 MiB: this host has 65536 MiB of memory and can offer at most 64770"
                + " MiB of it");
    assertThatCode(() -> HostMemory.require(63L << 30, TOTAL)).doesNotThrowAnyException();
  }
}
