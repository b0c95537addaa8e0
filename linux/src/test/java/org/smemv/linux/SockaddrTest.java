package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SockaddrTest {
  private static String bytes(InetSocketAddress address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(Sockaddr.SIZE_MAX, 8);
      name.fill((byte) 0xff);
      int length = Sockaddr.write(name, address);
      return HexFormat.of().formatHex(name.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void anIpv4AddressHasTheBytesOfSockaddrIn() {
    assertThat(bytes(new InetSocketAddress("10.77.0.1", 7400)))
        .isEqualTo("0200" + "1ce8" + "0a4d0001" + "0000000000000000");
  }

  @Test
  void anIpv6AddressHasTheBytesOfSockaddrIn6() {
    assertThat(bytes(new InetSocketAddress("fd00::1", 7400)))
        .isEqualTo("0a00" + "1ce8" + "00000000" + "fd000000000000000000000000000001" + "00000000");
  }

  @Test
  void anAddressIsReadBackAsItWasWritten() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(Sockaddr.SIZE_MAX, 8);
      for (String host : new String[] {"192.0.2.7", "2001:db8::9"}) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(host), 65535);
        Sockaddr.write(name, address);
        assertThat(Sockaddr.read(name)).isEqualTo(address);
      }
    }
  }

  @Test
  void aNameThatWasNotResolvedIsRefused() {
    assertThatThrownBy(() -> bytes(InetSocketAddress.createUnresolved("nowhere.invalid", 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nowhere.invalid");
  }
}
