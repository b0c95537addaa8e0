package org.smemv.node.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * A route of an operator API and what it does.
 *
 * @param path with {@code {vm}} or {@code {id}} for a part that varies
 */
record Route(Method method, String path, Action action) {
  /** What a route does with a request; an answer is sent when it returns. */
  @FunctionalInterface
  interface Action {
    void run(ServerRequest request, ServerResponse response) throws OperationException;
  }

  /** An operation whose result is sent as JSON. */
  @FunctionalInterface
  interface Operation {
    Object apply(ServerRequest request) throws OperationException;
  }

  private static final String JSON = "application/json";

  static Route json(Method method, String path, Operation operation) {
    return new Route(
        method, path, (request, response) -> send(response, 200, operation.apply(request)));
  }

  /**
   * The route by which an API describes itself.
   *
   * @param file beside this class
   */
  static Route description(String file) {
    return new Route(
        Method.GET,
        "/openapi.json",
        (request, response) ->
            response.status(200).header(HeaderNames.CONTENT_TYPE, JSON).send(resource(file)));
  }

  static void send(ServerResponse response, int status, Object body) {
    response.status(status).header(HeaderNames.CONTENT_TYPE, JSON).send(Json.bytes(body));
  }

  /**
   * Reads what a request carries.
   *
   * @param bytesMax the most that it may have
   * @throws OperationException {@code BAD_REQUEST} with what is wrong
   */
  static <T> T body(ServerRequest request, Class<T> type, int bytesMax) throws OperationException {
    try (InputStream stream = request.content().inputStream()) {
      byte[] body = stream.readNBytes(bytesMax + 1);
      if (body.length > bytesMax) {
        throw new OperationException(
            ErrorCode.BAD_REQUEST, "the request has more than " + bytesMax + " bytes");
      }
      return Json.read(new String(body, StandardCharsets.UTF_8), type);
    } catch (JsonProcessingException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, "bad request: " + Json.reason(e), e);
    } catch (IOException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, "the request broke off: " + e, e);
    }
  }

  private static byte[] resource(String file) {
    try (InputStream stream = Route.class.getResourceAsStream(file)) {
      return Objects.requireNonNull(stream, file + " is not in this build").readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
