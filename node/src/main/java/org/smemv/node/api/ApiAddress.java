package org.smemv.node.api;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where an operator API listens. Nothing but this machine can reach it: it has no authentication,
 * so who reaches it may command the host. As text, {@code unix:/run/smemv/h1/api.sock} or {@code
 * http://127.0.0.1:7401}.
 */
public sealed interface ApiAddress {
  /** What {@link #parse} takes, for help texts. */
  String SYNTAX = "unix:PATH|http://127.0.0.1:PORT";

  /**
   * A Unix socket.
   *
   * @param path absolute
   */
  record UnixSocket(Path path) implements ApiAddress {
    @Override
    public String uri() {
      return "http://localhost";
    }

    @Override
    public Optional<SocketAddress> socket() {
      return Optional.of(UnixDomainSocketAddress.of(path));
    }

    @Override
    public String toString() {
      return "unix:" + path;
    }
  }

  /**
   * TCP within this machine: every user of the machine reaches it.
   *
   * @param address a loopback address; port 0, which cannot be written as text, takes a free one
   */
  record Loopback(InetSocketAddress address) implements ApiAddress {
    /** Refuses every other address. */
    public Loopback {
      if (address.isUnresolved() || !address.getAddress().isLoopbackAddress()) {
        throw new IllegalArgumentException(
            address.getHostString()
                + " can be reached from other hosts, and the API has no authentication and no"
                + " encryption yet: use a Unix socket or a loopback address, "
                + SYNTAX);
      }
    }

    @Override
    public String uri() {
      String ip = address.getAddress().getHostAddress();
      return "http://" + (ip.contains(":") ? "[" + ip + "]" : ip) + ":" + address.getPort();
    }

    @Override
    public Optional<SocketAddress> socket() {
      return Optional.empty();
    }

    @Override
    public String toString() {
      return uri();
    }
  }

  /** The beginning of the URIs of requests, without a path. */
  String uri();

  /** What to connect to, when the URI does not tell it. */
  Optional<SocketAddress> socket();

  /**
   * Reads an address without asking a name service.
   *
   * @param whose for the error message
   * @throws IllegalArgumentException naming what is possible
   */
  static ApiAddress parse(String whose, String text) {
    if (text.startsWith("unix:/")) {
      return new UnixSocket(Path.of(text.substring("unix:".length())));
    }
    if (!text.startsWith("http://")) {
      throw wrong(whose, text, "write unix: and an absolute path, or " + SYNTAX, null);
    }
    try {
      return new Loopback(endpoint(new URI(text)));
    } catch (URISyntaxException e) {
      throw wrong(whose, text, "write " + SYNTAX, e);
    } catch (IllegalArgumentException e) {
      throw wrong(whose, text, String.valueOf(e.getMessage()), e);
    }
  }

  private static InetSocketAddress endpoint(URI uri) {
    String host = uri.getHost();
    String given = uri.getScheme() + "://" + uri.getRawAuthority();
    if (host == null || uri.getRawUserInfo() != null || !given.equals(uri.toString())) {
      throw new IllegalArgumentException("an IP address and a port are needed, and nothing else");
    }
    if (uri.getPort() < 1 || uri.getPort() > 0xFFFF) {
      throw new IllegalArgumentException("a port from 1 to 65535 is needed");
    }
    return new InetSocketAddress(literal(host), uri.getPort());
  }

  private static InetAddress literal(String host) {
    try {
      return InetAddress.ofLiteral(
          host.startsWith("[") ? host.substring(1, host.length() - 1) : host);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'" + host + "' is not an IP address, and names are not looked up", e);
    }
  }

  private static IllegalArgumentException wrong(
      String whose, String text, String why, @Nullable Throwable cause) {
    return new IllegalArgumentException(whose + " '" + text + "': " + why, cause);
  }
}
