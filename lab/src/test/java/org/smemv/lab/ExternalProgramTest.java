package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ExternalProgramTest {
  @Test
  void itsInputGoesInAndItsOutputComesOut() {
    String large = "0123456789".repeat(100_000);

    assertThat(ExternalProgram.of("cat").withInput(large).output()).isEqualTo(large);
  }

  @Test
  void aFailureShowsTheCommandItsStatusAndWhatItSaid() {
    assertThatThrownBy(
            () -> ExternalProgram.of("sh", "-c", "echo no such thing >&2; exit 3").output())
        .isInstanceOf(LabException.class)
        .hasMessageContaining("sh -c")
        .hasMessageContaining("status 3")
        .hasMessageContaining("no such thing");
  }

  @Test
  void whatTakesTooLongIsEnded() {
    ExternalProgram program = ExternalProgram.of("sleep", "60").withTimeout(Duration.ofMillis(100));

    assertThatThrownBy(program::output).hasMessageContaining("did not end");
  }

  @Test
  void aMissingProgramIsNamed() {
    assertThatThrownBy(() -> ExternalProgram.of("no-such-program-here").output())
        .hasMessageContaining("no-such-program-here");
  }
}
