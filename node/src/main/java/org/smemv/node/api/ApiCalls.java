package org.smemv.node.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.helidon.http.Method;
import io.helidon.webclient.api.HttpClientRequest;
import io.helidon.webclient.api.HttpClientResponse;
import io.helidon.webclient.api.WebClient;
import io.helidon.webclient.api.WebClientConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Requests to one operator API and what their answers say. Safe for use by many threads. Who does
 * not answer in time is {@code UNREACHABLE_HOST}.
 */
final class ApiCalls {
  private static final Duration CONNECT = Duration.ofSeconds(3);

  /**
   * Who is asked.
   *
   * @param name for errors
   * @param whenSilent what its operator should look at when it does not answer
   * @param whenStrange what to look at when its answer is not understood
   */
  record Callee(String name, ApiAddress address, String whenSilent, String whenStrange) {}

  /** Reads an answer that comes bit by bit. */
  @FunctionalInterface
  interface Reader {
    void read(HttpClientResponse response) throws IOException, InterruptedException;
  }

  private record Answer(int status, String body) {}

  private final Callee callee;
  private final int answerBytesMax;

  /**
   * @param answerBytesMax what is longer is cut off, and then not understood
   */
  ApiCalls(Callee callee, int answerBytesMax) {
    this.callee = callee;
    this.answerBytesMax = answerBytesMax;
  }

  /**
   * Asks, and waits for the whole answer.
   *
   * @param timeout for all of it
   * @throws OperationException what the API answers when it is not a success; {@code
   *     UNREACHABLE_HOST} without an answer
   */
  <T> T ask(Method method, String path, @Nullable Object body, Class<T> type, Duration timeout)
      throws OperationException {
    Answer answer = exchange(method, path, body, timeout);
    try {
      if (answer.status() / 100 == 2) {
        return Json.read(answer.body(), type);
      }
    } catch (JsonProcessingException e) {
      throw notUnderstood(answer, e);
    }
    throw failure(answer);
  }

  /** As {@link #ask}, for an answer that is text. */
  String text(String path, Duration timeout) throws OperationException {
    Answer answer = exchange(Method.GET, path, null, timeout);
    if (answer.status() / 100 == 2) {
      return answer.body();
    }
    throw failure(answer);
  }

  /**
   * Has a successful answer read as it comes, on the caller's thread.
   *
   * @param silence over TCP, the longest time without a byte; a Unix socket knows none
   * @throws IOException when the answer breaks off
   * @throws OperationException what the API answers when it is not a success
   */
  void read(String path, Consumer<HttpClientRequest> headers, Duration silence, Reader reader)
      throws IOException, InterruptedException, OperationException {
    WebClient client = newClient(silence);
    HttpClientRequest request = client.method(Method.GET).path(path);
    headers.accept(request);
    try (HttpClientResponse response = request.request()) {
      if (response.status().code() / 100 != 2) {
        throw failure(answer(response));
      }
      reader.read(response);
    } finally {
      client.closeResource();
    }
  }

  /** What to throw when there is no answer. */
  OperationException unreachable(String why, Throwable cause) {
    return new OperationException(
        ErrorCode.UNREACHABLE_HOST,
        "%s is unreachable at %s: %s. %s"
            .formatted(callee.name(), callee.address(), why, callee.whenSilent()),
        cause);
  }

  /** What an answer says that is not a success. */
  private OperationException failure(Answer answer) {
    try {
      ApiError error = Json.read(answer.body(), ApiError.class);
      return new OperationException(error.code(), error.message());
    } catch (JsonProcessingException e) {
      return notUnderstood(answer, e);
    }
  }

  private OperationException notUnderstood(Answer answer, JsonProcessingException e) {
    return new OperationException(
        ErrorCode.INTERNAL,
        "%s at %s: HTTP status %d and an answer that is not understood: %s. %s"
            .formatted(
                callee.name(),
                callee.address(),
                answer.status(),
                Json.reason(e),
                callee.whenStrange()),
        e);
  }

  /** On a thread of its own: a socket channel has no time-out for reading. */
  private Answer exchange(Method method, String path, @Nullable Object body, Duration timeout)
      throws OperationException {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    Thread thread =
        Thread.ofVirtual()
            .name("api-client")
            .start(
                () -> {
                  try {
                    answer.complete(request(method, path, body, timeout));
                  } catch (IOException | RuntimeException e) {
                    answer.completeExceptionally(e);
                  }
                });
    try {
      return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      thread.interrupt();
      throw unreachable("no answer within " + timeout.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw unreachable(String.valueOf(cause == null ? e : cause), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      thread.interrupt();
      throw unreachable("interrupted", e);
    }
  }

  private Answer request(Method method, String path, @Nullable Object body, Duration timeout)
      throws IOException {
    WebClient client = newClient(timeout);
    HttpClientRequest request = client.method(method).path(path);
    try (HttpClientResponse response =
        body == null ? request.request() : request.submit(Json.bytes(body))) {
      return answer(response);
    } finally {
      client.closeResource();
    }
  }

  private Answer answer(HttpClientResponse response) throws IOException {
    byte[] bytes =
        response.entity().hasEntity()
            ? response.inputStream().readNBytes(answerBytesMax)
            : new byte[0];
    return new Answer(response.status().code(), new String(bytes, StandardCharsets.UTF_8));
  }

  /**
   * One client a request: a connection kept from before an agent's restart would fail its first
   * use, and Helidon 4.5 cannot be told not to keep Unix connections (it then forgets to connect).
   */
  private WebClient newClient(Duration timeout) {
    WebClientConfig.Builder client =
        WebClient.builder()
            .baseUri(callee.address().uri())
            .connectTimeout(CONNECT)
            .readTimeout(timeout)
            .shareConnectionCache(false);
    callee.address().socket().ifPresent(client::baseAddress);
    return client.build();
  }
}
