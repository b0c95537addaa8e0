package org.smemv.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class NameTest {
  @Test
  void aNameIsGivenBackAsItIs() {
    assertThat(Name.require("VM", "db-1.example_A")).isEqualTo("db-1.example_A");
    assertThat(Name.require("VM", "x".repeat(63))).hasSize(63);
  }

  @ParameterizedTest
  @NullAndEmptySource
  @ValueSource(strings = {".", "..", "a/b", "-rf", "a b", "ä", "a\n"})
  void whatCouldNotBePartOfAPathIsRefusedByName(String name) {
    assertThatThrownBy(() -> Name.require("host", name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("host '" + name + "'");
  }

  @Test
  void aNameThatIsTooLongIsRefused() {
    assertThatThrownBy(() -> Name.require("VM", "x".repeat(64)))
        .hasMessageContaining("1 to 63 letters");
  }
}
