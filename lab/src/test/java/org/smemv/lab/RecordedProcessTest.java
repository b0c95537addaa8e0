package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class RecordedProcessTest {
  @Test
  void aProcessIsAliveUntilItIsKilled() throws Exception {
    Process sleeper = new ProcessBuilder("sleep", "60").start();
    RecordedProcess recorded = RecordedProcess.of(sleeper.pid());
    assertThat(recorded.isAlive()).isTrue();

    recorded.kill();
    sleeper.waitFor();

    assertThat(recorded.isAlive()).isFalse();
    assertThatThrownBy(() -> RecordedProcess.of(sleeper.pid())).isInstanceOf(LabException.class);
  }

  @Test
  void anotherProcessWithTheSameNumberIsLeftAlone() throws IOException {
    Process sleeper = new ProcessBuilder("sleep", "60").start();
    try {
      RecordedProcess now = RecordedProcess.of(sleeper.pid());
      RecordedProcess earlier = new RecordedProcess(now.pid(), now.startTicks() - 1);

      assertThat(earlier.isAlive()).isFalse();
      earlier.kill();

      assertThat(now.isAlive()).isTrue();
    } finally {
      sleeper.destroyForcibly();
    }
  }
}
