package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.SetDraining;

class DrainingTest {
  @TempDir Path state;

  @Test
  void aHostIsStillDrainingUnderItsNextAgent() throws IOException {
    Path file = new HostPaths(state).draining();
    Draining draining = new Draining(file);
    assertThat(draining.isOn()).isFalse();
    draining.set(new SetDraining(true));
    SetDraining later = new SetDraining(true, 5, MigrationMode.HYBRID, false);
    draining.set(later);
    assertThat(draining.isOn()).isTrue();
    assertThat(new Draining(file).wanted()).isEqualTo(later);
    draining.set(new SetDraining(false));
    draining.set(new SetDraining(false));
    assertThat(new Draining(file).isOn()).isFalse();
    assertThat(state).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "nonsense", "{\"draining\":true,\"atOnce\":99}"})
  void aFileThatMakesNoSenseStillSaysThatTheHostIsDraining(String text) throws IOException {
    Path file = Files.writeString(new HostPaths(state).draining(), text);
    assertThat(new Draining(file).wanted()).isEqualTo(new SetDraining(true));
  }
}
