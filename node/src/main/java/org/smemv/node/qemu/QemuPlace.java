package org.smemv.node.qemu;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Where a VM's QEMU lives on one host.
 *
 * @param host the host's name
 * @param directory the VM's own directory; the QMP socket, logs and records are in it
 * @param ramFile the file that is the guest's RAM, on a tmpfs mounted {@code huge=never}
 */
public record QemuPlace(String host, Path directory, Path ramFile) {
  /** The longest path that fits a Unix socket's address, without the final zero byte. */
  private static final int SOCKET_PATH_BYTES_MAX = 107;

  public QemuPlace {
    directory = directory.toAbsolutePath();
    ramFile = ramFile.toAbsolutePath();
    int length = directory.resolve("body.sock").toString().getBytes(StandardCharsets.UTF_8).length;
    if (length > SOCKET_PATH_BYTES_MAX) {
      throw new IllegalArgumentException(
          directory
              + ": too long, a Unix socket in it would have a path of "
              + length
              + " bytes and "
              + SOCKET_PATH_BYTES_MAX
              + " is the limit. Use a shorter state directory");
    }
  }

  /** QEMU's monitor. */
  public Path qmpSocket() {
    return directory.resolve("qmp.sock");
  }

  /** What the guest writes to its serial port. */
  public Path console() {
    return directory.resolve("console.log");
  }

  /** What QEMU itself says. */
  public Path log() {
    return directory.resolve("qemu.log");
  }

  Path pidFile() {
    return directory.resolve("qemu.pid");
  }

  Path record() {
    return directory.resolve("qemu.json");
  }

  /**
   * The tap device of a VM on this host. The kernel allows 15 characters, too few for two names, so
   * it is a hash of both: two hosts that share a network namespace get different devices.
   */
  String tapName(String vm) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest((host + "/" + vm).getBytes(StandardCharsets.UTF_8));
      return "smv" + HexFormat.of().formatHex(digest, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
