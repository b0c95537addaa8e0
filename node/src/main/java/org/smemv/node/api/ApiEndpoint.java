package org.smemv.node.api;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where an operator API is: a Unix socket, or a port of this machine. There is no authentication
 * yet, so a port is on the loopback interface only.
 *
 * @param socket an absolute path; null for a port
 * @param port on a loopback address; null for a socket
 */
public record ApiEndpoint(@Nullable Path socket, @Nullable InetSocketAddress port) {
  private static final String UNIX = "unix:";
  private static final String HTTP = "http://";

  public ApiEndpoint {
    if ((socket == null) == (port == null)) {
      throw new IllegalArgumentException("an API is either at a socket or at a port");
    }
  }

  /**
   * Reads {@code unix:/PATH} or {@code http://127.0.0.1:PORT}.
   *
   * @param whose for the error message
   * @throws IllegalArgumentException saying what is possible
   */
  public static ApiEndpoint parse(String whose, String text) {
    if (text.startsWith(UNIX + "/")) {
      return new ApiEndpoint(Path.of(text.substring(UNIX.length())), null);
    }
    if (text.startsWith(HTTP)) {
      return new ApiEndpoint(null, loopback(whose, text));
    }
    throw notAnApi(whose, text, null);
  }

  private static InetSocketAddress loopback(String whose, String text) {
    InetSocketAddress address;
    try {
      address = HostsFile.address(whose, text.substring(HTTP.length()).replaceFirst("/$", ""));
    } catch (IllegalArgumentException e) {
      throw notAnApi(whose, text, e);
    }
    if (!address.getAddress().isLoopbackAddress()) {
      throw new IllegalArgumentException(
          whose + " '" + text + "': nobody is authenticated, so only 127.0.0.1 is possible");
    }
    return address;
  }

  private static IllegalArgumentException notAnApi(
      String whose, String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        whose + " '" + text + "': write unix: and an absolute path, or http://127.0.0.1:PORT",
        cause);
  }

  /** What to listen on or to connect to. */
  SocketAddress address() {
    Path path = socket;
    return path == null ? Objects.requireNonNull(port) : UnixDomainSocketAddress.of(path);
  }

  /** What requests name as their server. */
  String baseUri() {
    InetSocketAddress address = port;
    if (address == null) {
      return HTTP + "localhost";
    }
    String ip = address.getAddress().getHostAddress();
    return HTTP + (ip.contains(":") ? "[" + ip + "]" : ip) + ":" + address.getPort();
  }

  /** As it is written. */
  @Override
  public String toString() {
    return socket == null ? baseUri() : UNIX + socket;
  }
}
