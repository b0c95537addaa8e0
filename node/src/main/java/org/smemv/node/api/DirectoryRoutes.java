package org.smemv.node.api;

import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import java.util.List;

/**
 * The routes of the directory's API. {@code openapi-directory.json} describes each of them, and a
 * test holds both together.
 */
final class DirectoryRoutes {
  /** A wish may name many hosts. */
  static final int BODY_BYTES_MAX = 256 << 10;

  private DirectoryRoutes() {}

  /** All of them. */
  static List<Route> all(ServedDirectory operations) {
    return List.of(
        Route.json(Method.GET, "/v1/hosts", request -> operations.hosts()),
        Route.json(Method.GET, "/v1/vms", request -> operations.vms()),
        Route.json(
            Method.POST,
            "/v1/plans",
            request -> operations.plan(Route.body(request, PlanWish.class, BODY_BYTES_MAX))),
        new Route(
            Method.GET,
            "/metrics",
            (request, response) ->
                response
                    .status(200)
                    .header(HeaderNames.CONTENT_TYPE, MetricFamilies.CONTENT_TYPE)
                    .send(DirectoryMetricsPage.of(operations.metrics()))),
        Route.description("openapi-directory.json"));
  }
}
