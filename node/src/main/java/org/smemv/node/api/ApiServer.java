package org.smemv.node.api;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The operator API of one host: HTTP and JSON over a Unix socket or the loopback interface. Each
 * request runs on a virtual thread of its own.
 *
 * <pre>
 * GET    /v1/host                        HostReport
 * PUT    /v1/host/draining               SetDraining -&gt; HostReport
 * GET    /v1/host/draining               -&gt; DrainReport
 * GET    /v1/vms                         [VmReport]
 * POST   /v1/vms                         StartVm -&gt; StartReport
 * POST   /v1/attachments                 AttachVm -&gt; VmReport
 * GET    /v1/vms/{vm}                    VmReport
 * GET    /v1/vms/{vm}/start              StartReport
 * DELETE /v1/vms/{vm}                    {}
 * PUT    /v1/vms/{vm}/main-memory        SetMainMemory -&gt; VmReport
 * POST   /v1/vms/{vm}/migrations         MigrateVm -&gt; MigrationReport, or PlanReport for a dry run
 * GET    /v1/migrations                  [MigrationReport]
 * GET    /v1/migrations/{id}             MigrationReport
 * DELETE /v1/migrations/{id}             MigrationReport, cancelled
 * POST   /v1/migrations/{id}/postcopy    MigrationReport, asked to become a post-copy
 * GET    /v1/migrations/{id}/events      server-sent events, a MigrationReport in each
 * GET    /metrics                        figures for Prometheus
 * GET    /openapi.json                   this list and all bodies, as an OpenAPI document
 * </pre>
 *
 * Everything that is not a success carries an {@link ApiError}.
 */
public final class ApiServer implements AutoCloseable {
  private static final int FOLLOWERS_MAX = 64;
  private static final Duration WRITE_MAX = Duration.ofSeconds(10);

  private final RouteServer server;
  private final Followers followers;

  private ApiServer(RouteServer server, Followers followers) {
    this.server = server;
    this.followers = followers;
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
    ApiRoutes routes = new ApiRoutes(operations, followers);
    try {
      return new ApiServer(RouteServer.start(address, host, "agent", routes.all()), followers);
    } catch (IOException | RuntimeException e) {
      followers.close();
      throw e;
    }
  }

  /** Where it listens, with the port that was found when any was wanted. */
  public ApiAddress address() {
    return server.address();
  }

  /** Stops, ends all event streams and removes the socket. */
  @Override
  public void close() {
    server.close();
    followers.close();
  }
}
