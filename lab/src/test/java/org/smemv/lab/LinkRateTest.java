package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinkRateTest {
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
