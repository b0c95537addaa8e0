package org.smemv.node.api;

import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the routes of an operator API over a Unix socket or the loopback interface. Each request
 * runs on a virtual thread of its own; what is not a success is answered with an {@link ApiError}.
 */
final class RouteServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RouteServer.class);

  private static final Duration IDLE_MAX = Duration.ofMinutes(1);
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final ApiAddress address;
  private final String name;
  private final String kind;
  private final WebServer server;

  private RouteServer(ApiAddress address, String name, String kind, List<Route> routes) {
    this.address = address;
    this.name = name;
    this.kind = kind;
    WebServerConfig.Builder config =
        WebServer.builder()
            .shutdownHook(false)
            .shutdownGracePeriod(GRACE)
            .idleConnectionTimeout(IDLE_MAX)
            .routing(routing -> route(routing, routes));
    bind(config, address);
    this.server = config.build();
  }

  private static void bind(WebServerConfig.Builder config, ApiAddress address) {
    switch (address) {
      case ApiAddress.UnixSocket unix ->
          config.bindAddress(UnixDomainSocketAddress.of(unix.path()));
      case ApiAddress.Loopback tcp ->
          config.address(tcp.address().getAddress()).port(tcp.address().getPort());
    }
  }

  /**
   * Starts to serve.
   *
   * @param address where; the directory of a Unix socket becomes accessible to its owner only
   * @param name who says so, in errors
   * @param kind what serves, in errors: agent or directory
   */
  static RouteServer start(ApiAddress address, String name, String kind, List<Route> routes)
      throws IOException {
    if (address instanceof ApiAddress.UnixSocket unix) {
      ApiSocket.prepare(unix.path());
    }
    RouteServer started = new RouteServer(address, name, kind, routes);
    started.server.start();
    if (!started.server.isRunning()) {
      // Helidon logs why, and goes on as if it had been started.
      started.close();
      throw new IOException(
          "the API cannot listen on " + address + ": is another program there? See the log");
    }
    return started;
  }

  /** Where it listens, with the port that was found when any was wanted. */
  ApiAddress address() {
    if (address instanceof ApiAddress.Loopback tcp) {
      return new ApiAddress.Loopback(
          new InetSocketAddress(tcp.address().getAddress(), server.port()));
    }
    return address;
  }

  /** Stops, and removes the socket. */
  @Override
  public void close() {
    server.stop();
  }

  private void route(HttpRouting.Builder routing, List<Route> routes) {
    for (Route route : routes) {
      routing.route(
          route.method(),
          route.path(),
          (request, response) -> answer(request, response, route.action()));
    }
    routing.any((request, response) -> answer(request, response, this::noRoute));
  }

  private void noRoute(ServerRequest request, ServerResponse response) throws OperationException {
    throw new OperationException(
        ErrorCode.NOT_FOUND,
        "no such route: %s %s; /openapi.json lists those of this %s"
            .formatted(request.prologue().method(), request.path().path(), kind));
  }

  private void answer(ServerRequest request, ServerResponse response, Route.Action action) {
    try {
      if (address instanceof ApiAddress.Loopback) {
        LocalCallers.check(request);
      }
      action.run(request, response);
    } catch (CloseConnectionException e) {
      throw e;
    } catch (OperationException e) {
      fail(response, e.code(), e.getMessage());
    } catch (IllegalArgumentException e) {
      fail(response, ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      LOG.error("{} {}", request.prologue().method(), request.path().path(), e);
      fail(response, ErrorCode.INTERNAL, "a bug of the " + kind + ", see its log: " + e);
    }
  }

  private void fail(ServerResponse response, ErrorCode code, String message) {
    Route.send(response, code.status(), new ApiError(code, message, name));
  }
}
