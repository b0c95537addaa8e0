package org.smemv.node.agent;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where this host is to be found, and how fast its network card there is. */
final class OwnAddress {
  /** See sysfs-class-net of the kernel's ABI documentation. */
  private static final Path INTERFACES = Path.of("/sys/class/net");

  /** The speed there is in 10^6 bits per second. */
  private static final long BYTES_PER_MEGABIT = 125_000;

  private OwnAddress() {}

  /**
   * The address that others reach this host at. One that listens everywhere is found at the address
   * from which it would speak to them.
   *
   * @param towards one of the others; nothing is sent
   */
  static InetSocketAddress of(InetSocketAddress listening, InetSocketAddress towards)
      throws IOException {
    if (!listening.getAddress().isAnyLocalAddress()) {
      return listening;
    }
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(towards);
      InetAddress own = socket.getLocalAddress();
      if (own.isAnyLocalAddress()) {
        throw new IOException("no route from this host to " + towards);
      }
      return new InetSocketAddress(own, listening.getPort());
    }
  }

  /** As in a hosts file. */
  static String text(InetSocketAddress address) {
    String ip = address.getAddress().getHostAddress().replaceFirst("%.*", "");
    return (ip.contains(":") ? "[" + ip + "]" : ip) + ":" + address.getPort();
  }

  /** Bytes per second of the network card that has an address; 0 when that is not known. */
  static long linkBytesPerSecond(InetAddress address) {
    return linkBytesPerSecond(address, INTERFACES);
  }

  static long linkBytesPerSecond(InetAddress address, Path interfaces) {
    try {
      @Nullable NetworkInterface card = NetworkInterface.getByInetAddress(address);
      if (card == null) {
        return 0;
      }
      String speed = Files.readString(interfaces.resolve(card.getName()).resolve("speed")).strip();
      long megabits = Long.parseLong(speed);
      // Cards without a cable say -1, some virtual ones 2^32 - 1.
      return megabits > 0 && megabits < 0xffffffffL ? megabits * BYTES_PER_MEGABIT : 0;
    } catch (IOException | NumberFormatException e) {
      return 0; // reading it fails with EINVAL for cards that have no speed, such as lo
    }
  }
}
