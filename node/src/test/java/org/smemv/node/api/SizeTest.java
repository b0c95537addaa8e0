package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizeTest {
  @ParameterizedTest
  @CsvSource({
    "4096, 4096", "512M, 536870912", "1G, 1073741824", "1.5G, 1610612736", "1k, 1024",
    "2T, 2199023255552", "512MiB, 536870912", "512mb, 536870912", "'1 G', 1073741824", "10B, 10"
  })
  void aSizeIsReadInBinaryUnits(String text, long bytes) {
    assertThat(Size.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "0G",
        "-1",
        "1X",
        "G",
        "1e9",
        "17T",
        "0.3",
        "1.5",
        "1..5G",
        "99999999999999999999"
      })
  void aSizeThatMakesNoSenseIsRefused(String text) {
    assertThatThrownBy(() -> Size.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "900, 900", "1024, 1K", "1610612736, 1.5G", "536870912, 512M", "-2048, -2K"})
  void aSizeIsWrittenForPeople(long bytes, String text) {
    assertThat(Size.format(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "1gbit, 125000000",
    "100mbit, 12500000",
    "1.5gbit/s, 187500000",
    "8bit, 1",
    "100M, 104857600",
    "100M/s, 104857600",
    "1000, 1000",
    "1gbps, "
  })
  void aRateIsReadInBitsOrBytes(String text, Long bytesPerSecond) {
    if (bytesPerSecond == null) {
      assertThatThrownBy(() -> Rate.parse(text)).hasMessageContaining("'" + text + "'");
    } else {
      assertThat(Rate.parse(text)).isEqualTo(bytesPerSecond);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "0gbit", "fast", "1bit", "-1gbit"})
  void aRateThatMakesNoSenseIsRefused(String text) {
    assertThatThrownBy(() -> Rate.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not a rate");
  }
}
