package org.smemv.node.api;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.net.InetAddress;
import java.net.URI;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Refuses requests that a web page may have sent. A browser on this machine reaches the loopback
 * interface, and what it loads from elsewhere must not command the host: neither by a request to
 * another origin, nor by a name that was made to point here.
 */
final class LocalCallers {
  private LocalCallers() {}

  static void check(ServerRequest request) throws OperationException {
    check(
        request.headers().first(HeaderNames.HOST).orElse(null),
        request.headers().first(HeaderNames.ORIGIN).orElse(null));
  }

  /**
   * @param host the header, with or without a port
   * @param origin the header; null for who is no browser
   */
  static void check(@Nullable String host, @Nullable String origin) throws OperationException {
    if (host == null || !isLocal(host)) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST,
          "this API is for callers on its own host: Host '"
              + host
              + "' is neither localhost nor a loopback address");
    }
    if (origin != null && !origin.equals("http://" + host)) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST,
          "this API takes no requests from web pages of another origin, '" + origin + "'");
    }
  }

  private static boolean isLocal(String host) {
    try {
      String name = URI.create("http://" + host).getHost();
      if (name == null || name.toLowerCase(Locale.ROOT).equals("localhost")) {
        return name != null;
      }
      String ip = name.startsWith("[") ? name.substring(1, name.length() - 1) : name;
      return InetAddress.ofLiteral(ip).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
