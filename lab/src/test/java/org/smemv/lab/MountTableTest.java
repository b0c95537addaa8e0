package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MountTableTest {
  @Test
  void procIsMountedBelowTheRoot() {
    assertThat(MountTable.below(Path.of("/proc"))).contains(Path.of("/proc"));
  }
}
