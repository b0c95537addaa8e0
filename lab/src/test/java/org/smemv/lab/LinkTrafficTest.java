package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class LinkTrafficTest {
  private static final String TEXT =
      """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
          lo:    1000      10    0    0    0     0          0         0     1000      10    0    0
      uplink: 123456     100    1    2    3     4          5         6   654321     200    7    8
      """;

  @Test
  void whatACardHasReceivedAndSentIsReadOutOfTheKernelsTable() {
    assertThat(LinkTraffic.parse(TEXT, "uplink")).isEqualTo(new LinkTraffic(654_321, 123_456));
    assertThat(new LinkTraffic(30, 20).since(new LinkTraffic(10, 5)))
        .isEqualTo(new LinkTraffic(20, 15));
  }

  @Test
  void aCardThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> LinkTraffic.parse(TEXT, "link")).hasMessageContaining("link");
    assertThatThrownBy(() -> LinkTraffic.of(List.of(), "uplink")).hasMessageContaining("uplink");
  }

  @Test
  void aProcessThatHasEndedIsPassedOver() {
    long own = ProcessHandle.current().pid();
    assertThat(LinkTraffic.of(List.of(Long.MAX_VALUE, own), "lo").sentBytes()).isNotNegative();
  }
}
