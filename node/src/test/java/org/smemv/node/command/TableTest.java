package org.smemv.node.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.FakeHost;

class TableTest {
  @Test
  void textIsAlignedLeftAndNumbersRight() {
    assertThat(new Table("HOST", ">FREE").row("h1", 5).row("host-2", 12345).lines())
        .containsExactly("HOST     FREE", "h1          5", "host-2  12345");
  }

  @Test
  void aRowOfAnotherLengthIsAMistake() {
    assertThatThrownBy(() -> new Table("A").row(1, 2)).hasMessageContaining("2 cells");
  }

  @Test
  void theProgressLineFitsTheTerminal() {
    String line = MigrationText.progress(FakeHost.migrationReport(MigrationState.COPY, null), 110);
    assertThat(line)
        .hasSizeLessThanOrEqualTo(110)
        .startsWith("COPY")
        .contains("####", "....", "59%", "424M left", "901 Mbit/s", "64M to gather", "eta 3.0 s");
  }

  @Test
  void afterTheSwitchTheProgressLineTellsWhatIsLeftToGather() {
    String line =
        MigrationText.progress(FakeHost.migrationReport(MigrationState.SETTLE, null), 110);
    assertThat(line)
        .hasSizeLessThanOrEqualTo(110)
        .startsWith("SETTLE")
        .contains("the VM runs", "64M to gather", "513 Mbit/s", "eta 1.0 s")
        .doesNotContain("424M");
  }
}
