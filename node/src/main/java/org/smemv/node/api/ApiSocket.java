package org.smemv.node.api;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Makes room for the API's Unix socket. Who may enter its directory may command the host, so the
 * directory is for its owner only.
 */
final class ApiSocket {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");
  private static final int FILE_TYPE = 0170000;
  private static final int SOCKET = 0140000;

  private ApiSocket() {}

  /**
   * Prepares the directory and removes the socket of an agent that has died.
   *
   * @throws IOException when the directory is open to others, when something else has the name, or
   *     when a living agent listens there
   */
  static void prepare(Path socket) throws IOException {
    Path directory = socket.toAbsolutePath().getParent();
    if (directory == null) {
      throw new IOException("the API socket cannot be " + socket);
    }
    if (Files.isDirectory(directory)) {
      restrict(directory);
    } else {
      Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    }
    if (Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      removeStale(socket);
    }
  }

  /** Never narrows a directory that others share on purpose, such as /tmp. */
  private static void restrict(Path directory) throws IOException {
    if (Files.getPosixFilePermissions(directory).contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException(
          "the API socket's directory "
              + directory
              + " is open to everybody: give it a directory of its own");
    }
    Files.setPosixFilePermissions(directory, OWNER_ONLY);
  }

  private static void removeStale(Path socket) throws IOException {
    int mode = (int) Files.getAttribute(socket, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((mode & FILE_TYPE) != SOCKET) {
      throw new IOException(socket + " exists and is not a socket: remove it or use another path");
    }
    if (answers(socket)) {
      throw new IOException("another agent listens on " + socket + ": stop it first");
    }
    Files.delete(socket);
  }

  private static boolean answers(Path socket) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (SocketException e) {
      // Refused: nobody listens, its owner has died.
      return false;
    }
  }
}
