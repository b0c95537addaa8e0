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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Another process's {@link DirectoryOperations}. Safe for use by many threads. Every call has a
 * time-out; a directory that does not answer is {@code UNREACHABLE_HOST}.
 */
public final class DirectoryClient implements DirectoryOperations {
  private static final Duration CONNECT = Duration.ofSeconds(3);

  /** A plan with fresh figures waits for all hosts, until silent ones are lost. */
  private static final Duration ANSWER = Duration.ofSeconds(15);

  /** Ten thousand hosts with all their shares. */
  private static final int ANSWER_BYTES_MAX = 256 << 20;

  private final ApiAddress address;

  public DirectoryClient(ApiAddress address) {
    this.address = address;
  }

  @Override
  public List<DirectoryHost> hosts() throws OperationException {
    return List.of(ask(Method.GET, "/v1/hosts", null, DirectoryHost[].class));
  }

  @Override
  public List<DirectoryVm> vms() throws OperationException {
    return List.of(ask(Method.GET, "/v1/vms", null, DirectoryVm[].class));
  }

  @Override
  public DirectoryPlan plan(PlanWish wish) throws OperationException {
    return ask(Method.POST, "/v1/plans", wish, DirectoryPlan.class);
  }

  private record Answer(int status, String body) {}

  private <T> T ask(Method method, String path, @Nullable Object body, Class<T> type)
      throws OperationException {
    Answer answer = exchange(method, path, body);
    try {
      if (answer.status() / 100 == 2) {
        return Json.read(answer.body(), type);
      }
      ApiError error = Json.read(answer.body(), ApiError.class);
      throw new OperationException(error.code(), error.message());
    } catch (JsonProcessingException e) {
      throw new OperationException(
          ErrorCode.INTERNAL,
          "directory at %s: HTTP status %d and an answer that is not understood: %s. Is it a directory, and of the same version?"
              .formatted(address, answer.status(), Json.reason(e)),
          e);
    }
  }

  /** On a thread of its own: a socket channel has no time-out for reading. */
  private Answer exchange(Method method, String path, @Nullable Object body)
      throws OperationException {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    Thread thread =
        Thread.ofVirtual()
            .name("directory-client")
            .start(
                () -> {
                  try {
                    answer.complete(request(method, path, body));
                  } catch (IOException | RuntimeException e) {
                    answer.completeExceptionally(e);
                  }
                });
    try {
      return answer.get(ANSWER.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      thread.interrupt();
      throw unreachable("no answer within " + ANSWER.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw unreachable(String.valueOf(cause == null ? e : cause), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      thread.interrupt();
      throw unreachable("interrupted", e);
    }
  }

  private Answer request(Method method, String path, @Nullable Object body) throws IOException {
    WebClient client = newClient();
    HttpClientRequest request = client.method(method).path(path);
    try (HttpClientResponse response =
        body == null ? request.request() : request.submit(Json.bytes(body))) {
      byte[] bytes =
          response.entity().hasEntity()
              ? response.inputStream().readNBytes(ANSWER_BYTES_MAX)
              : new byte[0];
      return new Answer(response.status().code(), new String(bytes, StandardCharsets.UTF_8));
    } finally {
      client.closeResource();
    }
  }

  /** One client a request, as in {@link ApiClient}. */
  private WebClient newClient() {
    WebClientConfig.Builder builder =
        WebClient.builder()
            .baseUri(address.uri())
            .connectTimeout(CONNECT)
            .readTimeout(ANSWER)
            .shareConnectionCache(false);
    address.socket().ifPresent(builder::baseAddress);
    return builder.build();
  }

  private OperationException unreachable(String why, Throwable cause) {
    return new OperationException(
        ErrorCode.UNREACHABLE_HOST,
        "the directory is unreachable at " + address + ": " + why + ". Does it run?",
        cause);
  }
}
