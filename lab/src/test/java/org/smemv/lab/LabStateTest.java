package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabStateTest {
  private static final LabPlan PLAN = LabPlan.of(2, List.of("512M", "1G"), "100mbit,1gbit", 1400);

  @TempDir Path folder;

  @Test
  void whatIsWrittenIsReadAgain() {
    LabState state =
        LabState.starting(PLAN, Map.of("h1", List.of("sleep", "9"), "h2", List.of("sleep", "8")))
            .withAgent("h1", new RecordedProcess(17, 4711))
            .completed();

    state.write(folder.resolve("lab.json"));

    assertThat(LabState.read(folder.resolve("lab.json"))).contains(state);
    assertThat(state.isOfThisBoot()).isTrue();
  }

  @Test
  void aLabOfAnEarlierBootIsRecognised() {
    assertThat(new LabState("another", true, PLAN, Map.of(), Map.of()).isOfThisBoot()).isFalse();
  }

  @Test
  void aNewAgentTakesThePlaceOfTheOldOne() {
    LabState state =
        LabState.starting(PLAN, Map.of())
            .withAgent("h1", new RecordedProcess(17, 1))
            .withAgent("h1", new RecordedProcess(18, 2));

    assertThat(state.agents()).containsExactly(Map.entry("h1", new RecordedProcess(18, 2)));
  }

  @Test
  void aMissingFileIsNoLabAndABrokenOneSaysWhatToDo() throws IOException {
    Path file = folder.resolve("lab.json");
    assertThat(LabState.read(file)).isEmpty();

    Files.writeString(file, "{\"bootId\": ");

    assertThatThrownBy(() -> LabState.read(file))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("smemv lab down");
  }
}
