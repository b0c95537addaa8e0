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
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator API of one host: HTTP and JSON over a Unix socket or the loopback interface. Each
 * request runs on a virtual thread of its own.
 *
 * <pre>
 * GET    /v1/host                        HostReport
 * PUT    /v1/host/draining               SetDraining -&gt; HostReport
 * GET    /v1/vms                         [VmReport]
 * POST   /v1/vms                         StartVm -&gt; VmReport
 * POST   /v1/attachments                 AttachVm -&gt; VmReport
 * GET    /v1/vms/{vm}                    VmReport
 * DELETE /v1/vms/{vm}                    {}
 * PUT    /v1/vms/{vm}/main-memory        SetMainMemory -&gt; VmReport
 * POST   /v1/vms/{vm}/migrations         MigrateVm -&gt; MigrationReport, or PlanReport for a dry run
 * GET    /v1/migrations                  [MigrationReport]
 * GET    /v1/migrations/{id}             MigrationReport
 * DELETE /v1/migrations/{id}             MigrationReport, cancelled
 * GET    /v1/migrations/{id}/events      server-sent events, a MigrationReport in each
 * GET    /metrics                        figures for Prometheus
 * GET    /openapi.json                   this list and all bodies, as an OpenAPI document
 * </pre>
 *
 * Everything that is not a success carries an {@link ApiError}.
 */
public final class ApiServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);

  private static final Duration IDLE_MAX = Duration.ofMinutes(1);
  private static final Duration GRACE = Duration.ofSeconds(1);
  private static final int FOLLOWERS_MAX = 64;
  private static final Duration WRITE_MAX = Duration.ofSeconds(10);

  private final ApiAddress address;
  private final String host;
  private final Followers followers;
  private final WebServer server;

  private ApiServer(ApiAddress address, String host, ServedHost operations, Followers followers) {
    this.address = address;
    this.host = host;
    this.followers = followers;
    ApiRoutes routes = new ApiRoutes(operations, followers);
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
   * @param host this host's name, for errors
   */
  public static ApiServer start(ApiAddress address, String host, ServedHost operations)
      throws IOException {
    return start(address, host, operations, new Followers(FOLLOWERS_MAX, WRITE_MAX));
  }

  /** As the other, on a Unix socket. */
  public static ApiServer start(Path socket, String host, ServedHost operations)
      throws IOException {
    return start(new ApiAddress.UnixSocket(socket.toAbsolutePath()), host, operations);
  }

  static ApiServer start(
      ApiAddress address, String host, ServedHost operations, Followers followers)
      throws IOException {
    if (address instanceof ApiAddress.UnixSocket unix) {
      ApiSocket.prepare(unix.path());
    }
    ApiServer api = new ApiServer(address, host, operations, followers);
    api.server.start();
    if (!api.server.isRunning()) {
      // Helidon logs why, and goes on as if it had been started.
      api.close();
      throw new IOException(
          "the API cannot listen on " + address + ": is another program there? See the log");
    }
    return api;
  }

  /** Where it listens, with the port that was found when any was wanted. */
  public ApiAddress address() {
    if (address instanceof ApiAddress.Loopback tcp) {
      return new ApiAddress.Loopback(
          new InetSocketAddress(tcp.address().getAddress(), server.port()));
    }
    return address;
  }

  /** Stops, ends all event streams and removes the socket. */
  @Override
  public void close() {
    server.stop();
    followers.close();
  }

  private void route(HttpRouting.Builder routing, ApiRoutes routes) {
    for (ApiRoutes.Route route : routes.all()) {
      routing.route(
          route.method(),
          route.path(),
          (request, response) -> answer(request, response, route.action()));
    }
    routing.any((request, response) -> answer(request, response, ApiServer::noRoute));
  }

  private static void noRoute(ServerRequest request, ServerResponse response)
      throws OperationException {
    throw new OperationException(
        ErrorCode.NOT_FOUND,
        "no such route: " + request.prologue().method() + " " + request.path().path());
  }

  private void answer(ServerRequest request, ServerResponse response, ApiRoutes.Action action) {
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
      fail(response, ErrorCode.INTERNAL, "a bug of the agent, see its log: " + e);
    }
  }

  private void fail(ServerResponse response, ErrorCode code, String message) {
    ApiRoutes.send(response, code.status(), new ApiError(code, message, host));
  }
}
