package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;

/** The document that the running server gives of itself, against what it does. */
@Timeout(60)
class OpenApiTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String LOCAL = "Host: localhost\r\n";

  /** A request for each operation that has a body, with every field, and one with the least. */
  private static final Map<String, List<String>> BODIES =
      Map.of(
          "POST /v1/vms",
          List.of(
              """
              {"name":"vm2","memoryBytes":1073741824,"cpus":2,
               "net":{"bridge":"br0","mac":"52:54:00:00:00:01"},"disk":"/d","kernel":"/k",
               "initrd":"/i","append":"quiet","accelerator":"tcg","extraArguments":["-cpu","max"]}
              """,
              "{\"name\":\"vm2\",\"memoryBytes\":1048576,\"net\":null,\"disk\":null}"),
          "POST /v1/attachments",
          List.of("{\"name\":\"vm2\",\"pid\":4711,\"qmpSocket\":\"/q\"}"),
          "PUT /v1/host/draining",
          List.of("{\"draining\":true}", "{\"draining\":false}"),
          "PUT /v1/vms/{vm}/main-memory",
          List.of("{\"bytes\":4096}"),
          "POST /v1/vms/{vm}/migrations",
          List.of(
              """
              {"mainHost":"h2","mainMemoryBytes":4096,"subs":[{"host":"h3","bytes":8192}],
               "downtimeLimitMillis":50,"maxBandwidth":125000,"timeoutSeconds":2,"onTimeout":"force",
               "dryRun":true}
              """,
              "{\"mainHost\":\"h2\",\"subs\":[{\"host\":\"h3\"}],\"onTimeout\":null}"));

  /** A documented operation. */
  private record Documented(String method, String path, JsonNode operation) {
    @Override
    public String toString() {
      return method + " " + path;
    }
  }

  private FakeHost host;
  private ApiServer server;
  private InetSocketAddress address;
  private JsonNode document;
  private JsonSchema schemas;

  @BeforeEach
  void serve() throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    host = new FakeHost("h1");
    server = ApiServer.start(new ApiAddress.Loopback(any), "h1", host);
    address = ((ApiAddress.Loopback) server.address()).address();
    refill();
    document = MAPPER.readTree(send("GET", "/openapi.json", LOCAL, "").body());
    schemas = new JsonSchema(document);
  }

  /** As before any request. */
  private void refill() {
    host.vms.clear();
    host.vms.put("vm1", FakeHost.vmReport("vm1", "h1"));
    host.progress.clear();
    host.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
    host.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
    host.succeed();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private RawHttp.Answer send(String method, String path, String headers, String body)
      throws IOException {
    String real = path.replace("{vm}", "vm1").replace("{id}", "m1");
    return RawHttp.send(address, method, real, headers, body);
  }

  private List<Documented> documented() {
    List<Documented> all = new ArrayList<>();
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
        String name = method.getKey().toUpperCase(Locale.ROOT);
        all.add(new Documented(name, path.getKey(), method.getValue()));
      }
    }
    return all;
  }

  @Test
  void everyRouteIsDocumentedAndEveryDocumentedRouteIsThere() {
    Stream<String> routes =
        new ApiRoutes(host, new Followers(1, Duration.ofSeconds(1)))
            .all().stream().map(route -> route.method().text() + " " + route.path());
    assertThat(routes)
        .containsExactlyInAnyOrderElementsOf(
            documented().stream().map(Documented::toString).toList());
  }

  @Test
  void everyDocumentedAnswerIsGivenAndFitsItsSchema() throws IOException {
    assertThat(documented()).hasSizeGreaterThan(10);
    for (Documented each : documented()) {
      for (Map.Entry<String, JsonNode> answer : each.operation().path("responses").properties()) {
        int status = Integer.parseInt(answer.getKey());
        for (RawHttp.Answer given : provoke(each, status)) {
          String what = each + " " + status;
          assertThat(given.status()).as("%s: %s", what, given.body()).isEqualTo(status);
          assertThat(problems(schemas.resolve(answer.getValue()), given)).as(what).isEmpty();
        }
      }
    }
  }

  /** Makes the server answer with a status, in each way that there is. */
  private List<RawHttp.Answer> provoke(Documented each, int status) throws IOException {
    List<RawHttp.Answer> answers = new ArrayList<>();
    for (String body : BODIES.getOrDefault(each.toString(), List.of(""))) {
      if (status / 100 == 2 || status == 400) {
        refill();
        answers.add(send(each.method(), each.path(), headers(status), body));
      }
      for (ErrorCode code : ErrorCode.values()) {
        if (code.status() == status && status != 400) {
          refill();
          host.failAllWith(code, "told by a test");
          answers.add(send(each.method(), each.path(), LOCAL, body));
        }
      }
    }
    assertThat(answers).as("%s: a way to %d", each, status).isNotEmpty();
    return answers;
  }

  private static String headers(int status) {
    return switch (status) {
      case 204 -> LOCAL + "Last-Event-ID: 2\r\n";
      case 400 -> "Host: evil.example\r\n";
      default -> LOCAL;
    };
  }

  private List<String> problems(JsonNode answer, RawHttp.Answer given) throws IOException {
    if (!answer.has("content")) {
      return given.body().isEmpty() ? List.of() : List.of("a body: " + given.body());
    }
    JsonNode schema = answer.path("content").path(given.type()).path("schema");
    if (schema.isMissingNode()) {
      return List.of("undocumented type " + given.type());
    }
    List<String> problems = new ArrayList<>();
    for (JsonNode value : values(given)) {
      problems.addAll(schemas.problems(schema, value));
    }
    return problems;
  }

  private static List<JsonNode> values(RawHttp.Answer given) throws IOException {
    if (given.type().equals("text/plain")) {
      return List.of(MAPPER.getNodeFactory().textNode(given.body()));
    }
    if (!given.type().equals("text/event-stream")) {
      return List.of(MAPPER.readTree(given.body()));
    }
    List<JsonNode> values = new ArrayList<>();
    for (String line : given.body().lines().filter(each -> each.startsWith("data: ")).toList()) {
      values.add(MAPPER.readTree(line.substring("data: ".length())));
    }
    assertThat(values).hasSize(2);
    return values;
  }

  @Test
  void everyDocumentedRequestIsTakenWithEveryField() throws IOException {
    for (Documented each : documented()) {
      JsonNode body = each.operation().path("requestBody");
      assertThat(BODIES.containsKey(each.toString()))
          .as("%s", each)
          .isEqualTo(!body.isMissingNode());
      JsonNode schema = body.at("/content/application~1json/schema");
      for (String example : BODIES.getOrDefault(each.toString(), List.of())) {
        assertThat(schemas.problems(schema, MAPPER.readTree(example))).as(example).isEmpty();
        refill();
        assertThat(send(each.method(), each.path(), LOCAL, example).status()).isEqualTo(200);
      }
      if (!body.isMissingNode()) {
        JsonNode full = MAPPER.readTree(BODIES.get(each.toString()).getFirst());
        assertThat(names(full)).isEqualTo(names(schemas.resolve(schema).path("properties")));
      }
    }
  }

  private static TreeSet<String> names(JsonNode object) {
    TreeSet<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void theLimitsOfTheDocumentAreTheServers() throws IOException {
    for (Map.Entry<String, List<String>> each : BODIES.entrySet()) {
      String[] route = each.getKey().split(" ");
      JsonNode properties =
          schemas
              .resolve(
                  document
                      .path("paths")
                      .path(route[1])
                      .path(route[0].toLowerCase(Locale.ROOT))
                      .at("/requestBody/content/application~1json/schema"))
              .path("properties");
      for (Map.Entry<String, JsonNode> property : properties.properties()) {
        for (String limit : List.of("minimum", "maximum")) {
          if (property.getValue().has(limit)) {
            long bound = property.getValue().get(limit).asLong();
            long wrong = limit.equals("minimum") ? bound - 1 : bound + (1L << 20);
            assertThat(status(route, each.getValue().getFirst(), property.getKey(), bound))
                .isEqualTo(200);
            assertThat(status(route, each.getValue().getFirst(), property.getKey(), wrong))
                .isEqualTo(400);
          }
        }
      }
    }
  }

  /** What a request is answered with when one of its fields has another value. */
  private int status(String[] route, String json, String field, long value) throws IOException {
    ObjectNode body = (ObjectNode) MAPPER.readTree(json);
    body.put(field, value);
    refill();
    return send(route[0], route[1], LOCAL, body.toString()).status();
  }

  @Test
  void theDocumentNamesEveryStateAndEveryError() {
    assertThat(values("MigrationReport", "state")).isEqualTo(names(MigrationState.values()));
    assertThat(values("VmReport", "state")).isEqualTo(names(VmState.values()));
    assertThat(values("ApiError", "code")).isEqualTo(names(ErrorCode.values()));
    TreeSet<String> statuses = names(document.at("/components/responses"));
    assertThat(statuses)
        .containsExactlyElementsOf(
            new TreeSet<>(Arrays.stream(ErrorCode.values()).map(e -> "" + e.status()).toList()));
  }

  private TreeSet<String> values(String schema, String field) {
    JsonNode values =
        document.at("/components/schemas/" + schema + "/properties/" + field + "/enum");
    return new TreeSet<>(
        StreamSupport.stream(values.spliterator(), false).map(JsonNode::asText).toList());
  }

  private static TreeSet<String> names(Enum<?>[] values) {
    return new TreeSet<>(Arrays.stream(values).map(Enum::name).toList());
  }

  @Test
  void theDocumentIsOfTheVersionThatItSays() {
    assertThat(document.path("openapi").asText()).isEqualTo("3.1.0");
    assertThat(document.at("/info/version").asText()).matches("\\d+\\.\\d+\\.\\d+.*");
    assertThat(documented().stream().map(each -> each.operation().path("operationId").asText()))
        .doesNotHaveDuplicates()
        .doesNotContain("");
  }
}
