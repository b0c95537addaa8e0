package org.smemv.node.api;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webclient.api.HttpClientResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
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

  /** Three signs of life that did not come. */
  private static final Duration SILENCE = Duration.ofSeconds(30);

  private static final HeaderName LAST_EVENT_ID = HeaderNames.create("Last-Event-ID");
  private static final int ANSWER_BYTES_MAX = 16 << 20;
  private static final int NOTHING_MORE = 204;

  /** Between two questions whether a VM was started. */
  private static final long LOOK_MILLIS = 100;

  private final ApiCalls calls;
  private final Duration queryTimeout;
  private final Duration actionTimeout;

  public ApiClient(HostEntry host) {
    this(host, QUERY, ACTION);
  }

  /** With other time-outs. */
  public ApiClient(HostEntry host, Duration queryTimeout, Duration actionTimeout) {
    this.calls =
        new ApiCalls(
            new ApiCalls.Callee(
                "host " + host.name(),
                host.api(),
                "Does its agent run?",
                "Do the agent and this command have the same version?"),
            ANSWER_BYTES_MAX);
    this.queryTimeout = queryTimeout;
    this.actionTimeout = actionTimeout;
  }

  /** The figures for monitoring, in the text format of Prometheus. */
  public String metrics() throws OperationException {
    return calls.text("/metrics", queryTimeout);
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
  public DrainReport drain() throws OperationException {
    return get("/v1/host/draining", DrainReport.class);
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
    StartReport start = begin(request);
    long deadline = System.nanoTime() + actionTimeout.toNanos();
    while (start.state() == StartReport.State.STARTING) {
      if (System.nanoTime() - deadline > 0) {
        throw new OperationException(
            ErrorCode.STALLED,
            "VM %s is still being started after %d s"
                .formatted(request.name(), actionTimeout.toSeconds()));
      }
      pause();
      start = starting(request.name());
    }
    ErrorCode failure = start.failure();
    if (failure != null) {
      throw new OperationException(failure, String.valueOf(start.reason()));
    }
    VmReport report = start.report();
    return report == null ? vm(request.name()) : report;
  }

  /** Begins to start a VM; returns when that is under way, or failed at once. */
  public StartReport begin(StartVm request) throws OperationException {
    return ask(Method.POST, "/v1/vms", request, StartReport.class, actionTimeout);
  }

  /** How far the last start of a VM of this name is. */
  public StartReport starting(String vm) throws OperationException {
    return get("/v1/vms/" + vm + "/start", StartReport.class);
  }

  private void pause() throws OperationException {
    try {
      Thread.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw calls.unreachable("interrupted", e);
    }
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
  public MigrationReport postCopy(String id) throws OperationException {
    String path = "/v1/migrations/" + id + "/postcopy";
    return ask(Method.POST, path, null, MigrationReport.class, actionTimeout);
  }

  @Override
  public void follow(String id, long after, MigrationFollower follower) throws OperationException {
    String path = "/v1/migrations/" + id + "/events";
    try (EventSource source = new EventSource(taker -> readEvents(path, after, taker))) {
      tell(source, follower);
    } catch (IOException e) {
      throw calls.unreachable(String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw calls.unreachable("interrupted", e);
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
    calls.read(
        path,
        request -> {
          if (after != 0) {
            request.header(LAST_EVENT_ID, Long.toString(after));
          }
        },
        SILENCE,
        response -> take(response, taker));
  }

  private static void take(HttpClientResponse response, EventSource.Taker taker)
      throws IOException, InterruptedException {
    if (response.status().code() == NOTHING_MORE) {
      return;
    }
    EventParser parser = new EventParser(response.inputStream());
    for (EventParser.Item item = parser.next(); item != null; item = parser.next()) {
      taker.take(item);
    }
    throw new IOException("the events broke off");
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
    return calls.ask(method, path, body, type, timeout);
  }
}
