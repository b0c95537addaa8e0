package org.smemv.node.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.placement.Name;

/**
 * The operator API of one host: HTTP and JSON over a Unix socket. Each request runs on a virtual
 * thread of its own.
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
 * </pre>
 *
 * Everything that is not a success carries an {@link ApiError}.
 */
public final class ApiServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);

  /** The largest sensible request is a StartVm with many QEMU arguments. */
  static final int BODY_BYTES_MAX = 64 << 10;

  private static final Duration IDLE_MAX = Duration.ofMinutes(1);
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final String host;
  private final HostOperations operations;
  private final WebServer server;

  private ApiServer(Path socket, String host, HostOperations operations) {
    this.host = host;
    this.operations = operations;
    this.server =
        WebServer.builder()
            .bindAddress(UnixDomainSocketAddress.of(socket))
            .shutdownHook(false)
            .shutdownGracePeriod(GRACE)
            .idleConnectionTimeout(IDLE_MAX)
            .routing(this::route)
            .build();
  }

  /**
   * Starts to serve.
   *
   * @param socket its directory becomes accessible to its owner only
   * @param host this host's name, for errors
   */
  public static ApiServer start(Path socket, String host, HostOperations operations)
      throws IOException {
    ApiSocket.prepare(socket);
    ApiServer api = new ApiServer(socket.toAbsolutePath(), host, operations);
    api.server.start();
    return api;
  }

  /** Stops and removes the socket. */
  @Override
  public void close() {
    server.stop();
  }

  private void route(HttpRouting.Builder routing) {
    get(routing, "/v1/host", request -> operations.host());
    routing.put(
        "/v1/host/draining",
        (request, response) ->
            answer(request, response, r -> operations.setDraining(body(r, SetDraining.class))));
    get(routing, "/v1/vms", request -> operations.vms());
    get(routing, "/v1/vms/{vm}", request -> operations.vm(vm(request)));
    post(routing, "/v1/vms", request -> operations.start(body(request, StartVm.class)));
    post(routing, "/v1/attachments", request -> operations.attach(body(request, AttachVm.class)));
    post(routing, "/v1/vms/{vm}/migrations", this::migrate);
    routing.delete("/v1/vms/{vm}", (request, response) -> answer(request, response, this::stop));
    routing.put(
        "/v1/vms/{vm}/main-memory",
        (request, response) -> answer(request, response, this::setMainMemory));
    get(routing, "/v1/migrations", request -> operations.migrations());
    get(routing, "/v1/migrations/{id}", request -> operations.migration(id(request)));
    routing.delete(
        "/v1/migrations/{id}",
        (request, response) -> answer(request, response, r -> operations.cancel(id(r))));
    routing.any((request, response) -> answer(request, response, ApiServer::noRoute));
  }

  private void get(HttpRouting.Builder routing, String path, Operation operation) {
    routing.get(path, (request, response) -> answer(request, response, operation));
  }

  private void post(HttpRouting.Builder routing, String path, Operation operation) {
    routing.post(path, (request, response) -> answer(request, response, operation));
  }

  private Object migrate(ServerRequest request) throws OperationException {
    MigrateVm migration = body(request, MigrateVm.class);
    return migration.dryRun()
        ? operations.plan(vm(request), migration)
        : operations.migrate(vm(request), migration);
  }

  private Object stop(ServerRequest request) throws OperationException {
    operations.stop(vm(request));
    return Map.of();
  }

  private Object setMainMemory(ServerRequest request) throws OperationException {
    return operations.setMainMemory(vm(request), body(request, SetMainMemory.class));
  }

  private static Object noRoute(ServerRequest request) throws OperationException {
    throw new OperationException(
        ErrorCode.NOT_FOUND,
        "no such route: " + request.prologue().method() + " " + request.path().path());
  }

  private static String vm(ServerRequest request) {
    return Name.require("VM name", request.path().pathParameters().get("vm"));
  }

  private static String id(ServerRequest request) {
    return Name.require("migration id", request.path().pathParameters().get("id"));
  }

  private static <T> T body(ServerRequest request, Class<T> type) throws OperationException {
    try (InputStream stream = request.content().inputStream()) {
      byte[] body = stream.readNBytes(BODY_BYTES_MAX + 1);
      if (body.length > BODY_BYTES_MAX) {
        throw new OperationException(
            ErrorCode.BAD_REQUEST, "the request has more than " + BODY_BYTES_MAX + " bytes");
      }
      return Json.read(new String(body, StandardCharsets.UTF_8), type);
    } catch (JsonProcessingException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, "bad request: " + Json.reason(e), e);
    } catch (IOException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, "the request broke off: " + e, e);
    }
  }

  private void answer(ServerRequest request, ServerResponse response, Operation operation) {
    try {
      send(response, 200, operation.apply(request));
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
    send(response, code.status(), new ApiError(code, message, host));
  }

  private static void send(ServerResponse response, int status, Object body) {
    response
        .status(status)
        .header(HeaderNames.CONTENT_TYPE, "application/json")
        .send(Json.bytes(body));
  }

  /** One operation on a request. */
  @FunctionalInterface
  private interface Operation {
    Object apply(ServerRequest request) throws OperationException;
  }
}
