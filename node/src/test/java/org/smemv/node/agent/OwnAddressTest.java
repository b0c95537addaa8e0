package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnAddressTest {
  @TempDir Path interfaces;

  private long rate(String speed) throws IOException {
    Files.createDirectories(interfaces.resolve("lo"));
    Files.writeString(interfaces.resolve("lo/speed"), speed + "\n");
    return OwnAddress.linkBytesPerSecond(InetAddress.ofLiteral("127.0.0.1"), interfaces);
  }

  @Test
  void theSpeedOfACardIsReadInMegabits() throws IOException {
    assertThat(rate("10000")).isEqualTo(1_250_000_000L);
  }

  @Test
  void aCardWithoutASpeedHasAnUnknownRate() throws IOException {
    assertThat(rate("-1")).isZero();
    assertThat(rate("4294967295")).isZero();
    assertThat(rate("fast")).isZero();
    assertThat(
            OwnAddress.linkBytesPerSecond(
                InetAddress.ofLiteral("127.0.0.1"), interfaces.resolve("none")))
        .isZero();
    assertThat(OwnAddress.linkBytesPerSecond(InetAddress.ofLiteral("192.0.2.77"))).isZero();
  }

  @Test
  void anAgentThatListensEverywhereIsFoundWhereItWouldSpeakFrom() throws IOException {
    InetSocketAddress found =
        OwnAddress.of(
            new InetSocketAddress("0.0.0.0", 7400), new InetSocketAddress("127.0.0.1", 9));
    assertThat(OwnAddress.text(found)).isEqualTo("127.0.0.1:7400");
    InetSocketAddress given = new InetSocketAddress("192.0.2.7", 7400);
    assertThat(OwnAddress.of(given, given)).isEqualTo(given);
    assertThat(OwnAddress.text(new InetSocketAddress(InetAddress.ofLiteral("fd00::1"), 5)))
        .isEqualTo("[fd00:0:0:0:0:0:0:1]:5");
  }
}
