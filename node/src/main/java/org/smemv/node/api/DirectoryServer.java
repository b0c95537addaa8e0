package org.smemv.node.api;

import java.io.IOException;

/**
 * The operator API of the directory: HTTP and JSON over a Unix socket or a loopback port. Each
 * request runs on a virtual thread of its own.
 *
 * <pre>
 * GET    /v1/hosts        [DirectoryHost]
 * GET    /v1/vms          [DirectoryVm]
 * POST   /v1/plans        PlanWish -&gt; DirectoryPlan; changes nothing
 * GET    /metrics         figures for Prometheus
 * GET    /openapi.json    this list and all bodies, as an OpenAPI document
 * </pre>
 *
 * Everything that is not a success carries an {@link ApiError}.
 */
public final class DirectoryServer implements AutoCloseable {
  private static final String NAME = "directory";

  private final RouteServer server;

  private DirectoryServer(RouteServer server) {
    this.server = server;
  }

  /** Starts to serve. The directory of a socket becomes accessible to its owner only. */
  public static DirectoryServer start(ApiAddress address, ServedDirectory operations)
      throws IOException {
    return new DirectoryServer(
        RouteServer.start(address, NAME, NAME, DirectoryRoutes.all(operations)));
  }

  /** Where it listens; a port that was 0 is the one that was taken. */
  public ApiAddress address() {
    return server.address();
  }

  /** Stops, and removes the socket. */
  @Override
  public void close() {
    server.close();
  }
}
