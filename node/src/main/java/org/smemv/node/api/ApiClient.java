package org.smemv.node.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
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
 * Another process's {@link HostOperations}, asked where its API listens. Safe for use by many
 * threads. Every call has a time-out; a host that does not answer is {@code UNREACHABLE_HOST}.
 */
public final class ApiClient implements HostOperations {
  /** For questions that an agent answers from what it knows. */
  private static final Duration QUERY = Duration.ofSeconds(10);

  /** For operations that start or stop a QEMU or ask other hosts. */
  private static final Duration ACTION = Duration.ofMinutes(2);

  private static final Duration CONNECT = Duration.ofSeconds(3);

  /** Three signs of life that did not come. */
  private static final Duration SILENCE = Duration.ofSeconds(30);

  private static final HeaderName LAST_EVENT_ID = HeaderNames.create("Last-Event-ID");
  private static final int ANSWER_BYTES_MAX = 16 << 20;
  private static final int NOTHING_MORE = 204;

  private final HostEntry host;
  private final Duration queryTimeout;
  private final Duration actionTimeout;

  public ApiClient(HostEntry host) {
    this(host, QUERY, ACTION);
  }

  /** With other time-outs. */
  public ApiClient(HostEntry host, Duration queryTimeout, Duration actionTimeout) {
    this.host = host;
    this.queryTimeout = queryTimeout;
    this.actionTimeout = actionTimeout;
  }

  @Override
  public HostReport host() throws OperationException {
    return get("/v1/host", HostReport.class);
  }

  @Override
  public HostReport setDraining(SetDraining request) throws OperationException {
    return ask(Method.PUT, "/v1/host/draining", request, HostReport.class, actionTimeout);
  }

  @Override
  public List<VmReport> vms() throws OperationException {
    return List.of(get("/v1/vms", VmReport[].class));
  }

  @Override
  public VmReport vm(String name) throws OperationException {
    return get("/v1/vms/" + name, VmReport.class);
  }

  @Override
  public VmReport start(StartVm request) throws OperationException {
    return ask(Method.POST, "/v1/vms", request, VmReport.class, actionTimeout);
  }

  @Override
  public VmReport attach(AttachVm request) throws OperationException {
    return ask(Method.POST, "/v1/attachments", request, VmReport.class, actionTimeout);
  }

  @Override
  public void stop(String vm) throws OperationException {
    ask(Method.DELETE, "/v1/vms/" + vm, null, Object.class, actionTimeout);
  }

  @Override
  public VmReport setMainMemory(String vm, SetMainMemory request) throws OperationException {
    String path = "/v1/vms/" + vm + "/main-memory";
    return ask(Method.PUT, path, request, VmReport.class, actionTimeout);
  }

  @Override
  public PlanReport plan(String vm, MigrateVm request) throws OperationException {
    return ask(Method.POST, migrationsOf(vm), request, PlanReport.class, actionTimeout);
  }

  @Override
  public MigrationReport migrate(String vm, MigrateVm request) throws OperationException {
    return ask(Method.POST, migrationsOf(vm), request, MigrationReport.class, actionTimeout);
  }

  @Override
  public MigrationReport migration(String id) throws OperationException {
    return get("/v1/migrations/" + id, MigrationReport.class);
  }

  @Override
  public List<MigrationReport> migrations() throws OperationException {
    return List.of(get("/v1/migrations", MigrationReport[].class));
  }

  @Override
  public MigrationReport cancel(String id) throws OperationException {
    String path = "/v1/migrations/" + id;
    return ask(Method.DELETE, path, null, MigrationReport.class, actionTimeout);
  }

  @Override
  public void follow(String id, long after, MigrationFollower follower) throws OperationException {
    String path = "/v1/migrations/" + id + "/events";
    try (EventSource source = new EventSource(taker -> readEvents(path, after, taker))) {
      tell(source, follower);
    } catch (IOException e) {
      throw unreachable(String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable("interrupted", e);
    }
  }

  private static void tell(EventSource source, MigrationFollower follower)
      throws IOException, InterruptedException, OperationException {
    boolean more = true;
    while (more) {
      EventParser.Item item = source.next(SILENCE);
      if (item == null) {
        return;
      }
      MigrationEvent event = item.event();
      more = event == null ? follower.quiet() : follower.happened(event) && !event.isLast();
    }
  }

  private void readEvents(String path, long after, EventSource.Taker taker)
      throws IOException, InterruptedException, OperationException {
    WebClient client = newClient(SILENCE);
    HttpClientRequest request = client.method(Method.GET).path(path);
    if (after != 0) {
      request.header(LAST_EVENT_ID, Long.toString(after));
    }
    try (HttpClientResponse response = request.request()) {
      int status = response.status().code();
      if (status == NOTHING_MORE) {
        return;
      }
      if (status / 100 != 2) {
        throw failure(answer(response));
      }
      EventParser parser = new EventParser(response.inputStream());
      for (EventParser.Item item = parser.next(); item != null; item = parser.next()) {
        taker.take(item);
      }
      throw new IOException("the events broke off");
    } finally {
      client.closeResource();
    }
  }

  private static String migrationsOf(String vm) {
    return "/v1/vms/" + vm + "/migrations";
  }

  private <T> T get(String path, Class<T> type) throws OperationException {
    return ask(Method.GET, path, null, type, queryTimeout);
  }

  private <T> T ask(
      Method method, String path, @Nullable Object body, Class<T> type, Duration timeout)
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
        "host "
            + host.name()
            + ": HTTP status "
            + answer.status()
            + " and an answer that is not understood: "
            + Json.reason(e)
            + ". Do the agent and this command have the same version?",
        e);
  }

  private record Answer(int status, String body) {}

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

  private static Answer answer(HttpClientResponse response) throws IOException {
    byte[] bytes =
        response.entity().hasEntity()
            ? response.inputStream().readNBytes(ANSWER_BYTES_MAX)
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
            .baseUri(host.api().uri())
            .connectTimeout(CONNECT)
            .readTimeout(timeout)
            .shareConnectionCache(false);
    host.api().socket().ifPresent(client::baseAddress);
    return client.build();
  }

  private OperationException unreachable(String why, Throwable cause) {
    return new OperationException(
        ErrorCode.UNREACHABLE_HOST,
        "host "
            + host.name()
            + " is unreachable at "
            + host.api()
            + ": "
            + why
            + ". Does its agent run?",
        cause);
  }
}
