package org.smemv.node.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator API of the directory: HTTP and JSON over a Unix socket or a loopback port. Each
 * request runs on a virtual thread of its own.
 *
 * <pre>
 * GET    /v1/hosts    [DirectoryHost]
 * GET    /v1/vms      [DirectoryVm]
 * POST   /v1/plans    PlanWish -&gt; DirectoryPlan; changes nothing
 * </pre>
 *
 * Everything that is not a success carries an {@link ApiError}.
 */
public final class DirectoryServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DirectoryServer.class);
  private static final String NAME = "directory";
  private static final int BODY_BYTES_MAX = 256 << 10;
  private static final Duration IDLE_MAX = Duration.ofMinutes(1);
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final ApiAddress address;
  private final DirectoryOperations operations;
  private final WebServer server;

  private DirectoryServer(ApiAddress address, DirectoryOperations operations) {
    this.address = address;
    this.operations = operations;
    WebServerConfig.Builder config =
        WebServer.builder()
            .shutdownHook(false)
            .shutdownGracePeriod(GRACE)
            .idleConnectionTimeout(IDLE_MAX)
            .routing(this::route);
    switch (address) {
      case ApiAddress.UnixSocket unix ->
          config.bindAddress(UnixDomainSocketAddress.of(unix.path()));
      case ApiAddress.Loopback tcp ->
          config.address(tcp.address().getAddress()).port(tcp.address().getPort());
    }
    this.server = config.build();
  }

  /** Starts to serve. The directory of a socket becomes accessible to its owner only. */
  public static DirectoryServer start(ApiAddress address, DirectoryOperations operations)
      throws IOException {
    if (address instanceof ApiAddress.UnixSocket unix) {
      ApiSocket.prepare(unix.path());
    }
    DirectoryServer api = new DirectoryServer(address, operations);
    api.server.start();
    return api;
  }

  /** Where it listens; a port that was 0 is the one that was taken. */
  public ApiAddress address() {
    return address instanceof ApiAddress.Loopback tcp
        ? new ApiAddress.Loopback(new InetSocketAddress(tcp.address().getAddress(), server.port()))
        : address;
  }

  /** Stops, and removes the socket. */
  @Override
  public void close() {
    server.stop();
  }

  private void route(HttpRouting.Builder routing) {
    routing.get("/v1/hosts", (in, out) -> answer(in, out, request -> operations.hosts()));
    routing.get("/v1/vms", (in, out) -> answer(in, out, request -> operations.vms()));
    routing.post("/v1/plans", (in, out) -> answer(in, out, r -> operations.plan(wish(r))));
    routing.any((in, out) -> answer(in, out, DirectoryServer::noRoute));
  }

  private static Object noRoute(ServerRequest request) throws OperationException {
    throw new OperationException(
        ErrorCode.NOT_FOUND,
        "no such route: "
            + request.prologue().method()
            + " "
            + request.path().path()
            + "; this is a directory, agents answer the others");
  }

  private static PlanWish wish(ServerRequest request) throws OperationException {
    try (InputStream stream = request.content().inputStream()) {
      byte[] body = stream.readNBytes(BODY_BYTES_MAX + 1);
      if (body.length > BODY_BYTES_MAX) {
        throw new OperationException(
            ErrorCode.BAD_REQUEST, "the request has more than " + BODY_BYTES_MAX + " bytes");
      }
      return Json.read(new String(body, StandardCharsets.UTF_8), PlanWish.class);
    } catch (JsonProcessingException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, "bad request: " + Json.reason(e), e);
    } catch (IOException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, "the request broke off: " + e, e);
    }
  }

  private void answer(ServerRequest request, ServerResponse response, Operation operation) {
    try {
      if (address instanceof ApiAddress.Loopback) {
        LocalCallers.check(request);
      }
      send(response, 200, operation.apply(request));
    } catch (OperationException e) {
      fail(response, e.code(), e.getMessage());
    } catch (IllegalArgumentException e) {
      fail(response, ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      LOG.error("{} {}", request.prologue().method(), request.path().path(), e);
      fail(response, ErrorCode.INTERNAL, "a bug of the directory, see its log: " + e);
    }
  }

  private static void fail(ServerResponse response, ErrorCode code, String message) {
    send(response, code.status(), new ApiError(code, message, NAME));
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
