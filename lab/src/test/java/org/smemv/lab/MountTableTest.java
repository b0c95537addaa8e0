package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MountTableTest {
  @Test
  void aMountPointMayContainSpacesAndBackslashes() {
    String line = "36 35 98:0 / /run/a\\040b\\134c rw,noatime shared:1 - tmpfs tmpfs rw";

    assertThat(MountTable.mountPoint(line)).isEqualTo(Path.of("/run/a b\\c"));
  }

  @Test
  void procIsMountedBelowTheRoot() {
    assertThat(MountTable.below(Path.of("/proc"))).contains(Path.of("/proc"));
  }
}
