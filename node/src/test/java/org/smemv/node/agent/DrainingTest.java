package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrainingTest {
  @TempDir Path state;

  @Test
  void aHostIsStillDrainingUnderItsNextAgent() throws IOException {
    Path file = new HostPaths(state).draining();
    Draining draining = new Draining(file);
    assertThat(draining.isOn()).isFalse();
    draining.set(true);
    draining.set(true);
    assertThat(draining.isOn()).isTrue();
    assertThat(new Draining(file).isOn()).isTrue();
    draining.set(false);
    draining.set(false);
    assertThat(new Draining(file).isOn()).isFalse();
    assertThat(state).isEmptyDirectory();
  }
}
