package org.smemv.node.api;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import java.util.Map;
import org.smemv.placement.Name;

/**
 * The routes of the operator API and what they do. {@code openapi.json}, which the server offers at
 * {@code /openapi.json}, describes each of them, and a test holds both together.
 */
final class ApiRoutes {
  /** The largest sensible request is a StartVm with many QEMU arguments. */
  static final int BODY_BYTES_MAX = 64 << 10;

  private static final HeaderName LAST_EVENT_ID = HeaderNames.create("Last-Event-ID");

  private final ServedHost operations;
  private final Starts starts;
  private final Followers followers;

  ApiRoutes(ServedHost operations, Followers followers) {
    this.operations = operations;
    this.starts = new Starts(operations);
    this.followers = followers;
  }

  /** All of them. */
  List<Route> all() {
    return List.of(
        Route.json(Method.GET, "/v1/host", request -> operations.host()),
        Route.json(Method.PUT, "/v1/host/draining", this::setDraining),
        Route.json(Method.GET, "/v1/host/draining", request -> operations.drain()),
        Route.json(Method.GET, "/v1/vms", request -> operations.vms()),
        Route.json(Method.POST, "/v1/vms", r -> starts.begin(body(r, StartVm.class))),
        Route.json(Method.GET, "/v1/vms/{vm}/start", request -> starts.report(vm(request))),
        Route.json(Method.POST, "/v1/attachments", r -> operations.attach(body(r, AttachVm.class))),
        Route.json(Method.GET, "/v1/vms/{vm}", request -> operations.vm(vm(request))),
        Route.json(Method.DELETE, "/v1/vms/{vm}", this::stop),
        Route.json(Method.PUT, "/v1/vms/{vm}/main-memory", this::setMainMemory),
        Route.json(Method.POST, "/v1/vms/{vm}/migrations", this::migrate),
        Route.json(Method.GET, "/v1/migrations", request -> operations.migrations()),
        Route.json(Method.GET, "/v1/migrations/{id}", request -> operations.migration(id(request))),
        Route.json(Method.DELETE, "/v1/migrations/{id}", request -> operations.cancel(id(request))),
        Route.json(Method.POST, "/v1/migrations/{id}/postcopy", r -> operations.postCopy(id(r))),
        new Route(Method.GET, "/v1/migrations/{id}/events", this::follow),
        new Route(Method.GET, "/metrics", this::metrics),
        Route.description("openapi.json"));
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

  private Object setDraining(ServerRequest request) throws OperationException {
    return operations.setDraining(body(request, SetDraining.class));
  }

  private Object setMainMemory(ServerRequest request) throws OperationException {
    return operations.setMainMemory(vm(request), body(request, SetMainMemory.class));
  }

  private void follow(ServerRequest request, ServerResponse response) throws OperationException {
    String id = id(request);
    long after = lastEventId(request);
    followers.serve(response, follower -> operations.follow(id, after, follower));
  }

  private void metrics(ServerRequest request, ServerResponse response) {
    response
        .status(200)
        .header(HeaderNames.CONTENT_TYPE, MetricFamilies.CONTENT_TYPE)
        .send(MetricsPage.of(operations.metrics(), followers.count()));
  }

  private static long lastEventId(ServerRequest request) {
    String text = request.headers().first(LAST_EVENT_ID).orElse("0");
    try {
      long id = Long.parseLong(text);
      if (id >= 0) {
        return id;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("Last-Event-ID '" + text + "': a number is needed", e);
    }
    throw new IllegalArgumentException("Last-Event-ID " + text + ": 0 or more is needed");
  }

  private static String vm(ServerRequest request) {
    return Name.require("VM name", request.path().pathParameters().get("vm"));
  }

  private static String id(ServerRequest request) {
    return Name.require("migration id", request.path().pathParameters().get("id"));
  }

  private static <T> T body(ServerRequest request, Class<T> type) throws OperationException {
    return Route.body(request, type, BODY_BYTES_MAX);
  }
}
