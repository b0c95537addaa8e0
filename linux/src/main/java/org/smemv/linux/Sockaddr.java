package org.smemv.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;

/**
 * {@code struct sockaddr_in} and {@code struct sockaddr_in6}, see ip(7) and ipv6(7). The family is
 * in host order, the port in network order.
 */
final class Sockaddr {
  static final int AF_INET = 2;
  static final int AF_INET6 = 10;

  /** Room for the larger of the two, as {@code sockaddr_in6} is 28 bytes. */
  static final int SIZE_MAX = 32;

  private static final int SIZE_V4 = 16;
  private static final int SIZE_V6 = 28;
  private static final ValueLayout.OfShort PORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private Sockaddr() {}

  /** Refuses a name that was not resolved: the kernel knows addresses only. */
  static InetAddress address(InetSocketAddress address) {
    InetAddress resolved = address.getAddress();
    if (resolved == null) {
      throw new IllegalArgumentException("no address is known for host " + address.getHostString());
    }
    return resolved;
  }

  static int family(InetSocketAddress address) {
    return address(address) instanceof Inet4Address ? AF_INET : AF_INET6;
  }

  /** Writes the structure and returns its length in bytes. */
  static int write(MemorySegment to, InetSocketAddress address) {
    InetAddress host = address(address);
    to.asSlice(0, SIZE_MAX).fill((byte) 0);
    to.set(PORT, 2, (short) address.getPort());
    if (host instanceof Inet6Address v6) {
      to.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET6);
      MemorySegment.copy(v6.getAddress(), 0, to, ValueLayout.JAVA_BYTE, 8, 16);
      to.set(ValueLayout.JAVA_INT, 24, v6.getScopeId());
      return SIZE_V6;
    }
    to.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET);
    MemorySegment.copy(host.getAddress(), 0, to, ValueLayout.JAVA_BYTE, 4, 4);
    return SIZE_V4;
  }

  /** Reads what the kernel wrote. */
  static InetSocketAddress read(MemorySegment from) {
    int family = from.get(ValueLayout.JAVA_SHORT, 0);
    int port = Short.toUnsignedInt(from.get(PORT, 2));
    byte[] host =
        switch (family) {
          case AF_INET -> from.asSlice(4, 4).toArray(ValueLayout.JAVA_BYTE);
          case AF_INET6 -> from.asSlice(8, 16).toArray(ValueLayout.JAVA_BYTE);
          default -> throw new IllegalStateException("address family " + family + " is not IP");
        };
    try {
      return new InetSocketAddress(InetAddress.getByAddress(host), port);
    } catch (UnknownHostException impossible) {
      throw new IllegalStateException("an address of 4 or 16 bytes was refused", impossible);
    }
  }

  /** {@code 10.77.0.1:7400} or {@code [fd00::1]:7400}. */
  static String text(InetSocketAddress address) {
    InetAddress host = address.getAddress();
    String name = host == null ? address.getHostString() : host.getHostAddress();
    return (host instanceof Inet6Address ? "[" + name + "]" : name) + ":" + address.getPort();
  }
}
