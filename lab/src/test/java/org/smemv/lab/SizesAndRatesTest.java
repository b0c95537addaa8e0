package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesAndRatesTest {
  @ParameterizedTest
  @CsvSource({
    "4096, 4096",
    "1k, 1024",
    "512M, 536870912",
    "1GiB, 1073741824",
    "2g, 2147483648",
    "1T, 1099511627776"
  })
  void aSizeHasPowersOf1024AsUnits(String text, long bytes) {
    assertThat(ByteSize.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "M", "0", "-1M", "1.5G", "12X", "99999999999T", "1 2M"})
  void whatIsNoSizeIsRefusedByName(String text) {
    assertThatThrownBy(() -> ByteSize.parse(text))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "1023", "1K", "512M", "1536M", "3G", "1T", "5000K"})
  void aSizeIsPrintedAsItIsRead(String text) {
    assertThat(ByteSize.format(ByteSize.parse(text))).isEqualTo(text);
  }

  @Test
  void aRateIsReadAndPrinted() {
    assertThat(LinkRate.parse("1Gbit").bitsPerSecond()).isEqualTo(1_000_000_000L);
    assertThat(LinkRate.parse("250mbit")).hasToString("250mbit");
    assertThat(LinkRate.parse("10gbit/s")).hasToString("10gbit");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "fast", "0mbit", "101gbit", "1kbit"})
  void whatIsNoLinkRateIsRefused(String text) {
    assertThatThrownBy(() -> LinkRate.parse(text)).isInstanceOf(LabException.class);
  }

  @Test
  void theBucketHoldsAWholeSegmentHoweverSlowTheLinkIs() {
    assertThat(LinkRate.parse("1mbit").burstBytes()).isGreaterThanOrEqualTo(65536 * 2);
    assertThat(LinkRate.parse("1gbit").burstBytes()).isEqualTo(250_000);
  }
}
