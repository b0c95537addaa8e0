package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The document that a running server gives of itself, against what it does. */
@Timeout(60)
abstract class OpenApiContractTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String LOCAL = "Host: localhost\r\n";

  /** A documented operation. */
  private record Documented(String method, String path, JsonNode operation) {
    @Override
    public String toString() {
      return method + " " + path;
    }
  }

  private InetSocketAddress address;
  private JsonNode document;
  private JsonSchema schemas;

  /**
   * Starts the server with something behind it that answers; the subclass stops it.
   *
   * @return its loopback address
   */
  abstract ApiAddress serve() throws IOException;

  /** All that it serves. */
  abstract List<Route> routes();

  /** A request for each operation that has a body, with every field, and one with the least. */
  abstract Map<String, List<String>> bodies();

  /** What is behind the server becomes as before any request, and answers. */
  abstract void refill();

  /** Every later operation fails. */
  abstract void failAllWith(ErrorCode code);

  /** The enumerations that the document must name in full: of a field of a schema. */
  abstract Map<String, Enum<?>[]> enumerations();

  @BeforeEach
  void readDocument() throws IOException {
    address = ((ApiAddress.Loopback) serve()).address();
    refill();
    document = MAPPER.readTree(send("GET", "/openapi.json", LOCAL, "").body());
    schemas = new JsonSchema(document);
  }

  JsonNode document() {
    return document;
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
        routes().stream().map(route -> route.method().text() + " " + route.path());
    assertThat(routes)
        .containsExactlyInAnyOrderElementsOf(
            documented().stream().map(Documented::toString).toList());
  }

  @Test
  void everyDocumentedAnswerIsGivenAndFitsItsSchema() throws IOException {
    assertThat(documented()).hasSameSizeAs(routes());
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
    for (String body : bodies().getOrDefault(each.toString(), List.of(""))) {
      if (status / 100 == 2 || status == 400) {
        refill();
        answers.add(send(each.method(), each.path(), headers(status), body));
      }
      for (ErrorCode code : ErrorCode.values()) {
        if (code.status() == status && status != 400) {
          refill();
          failAllWith(code);
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
      assertThat(bodies().containsKey(each.toString()))
          .as("%s", each)
          .isEqualTo(!body.isMissingNode());
      JsonNode schema = body.at("/content/application~1json/schema");
      for (String example : bodies().getOrDefault(each.toString(), List.of())) {
        assertThat(schemas.problems(schema, MAPPER.readTree(example))).as(example).isEmpty();
        refill();
        assertThat(send(each.method(), each.path(), LOCAL, example).status()).isEqualTo(200);
      }
      if (!body.isMissingNode()) {
        JsonNode full = MAPPER.readTree(bodies().get(each.toString()).getFirst());
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
    for (Map.Entry<String, List<String>> each : bodies().entrySet()) {
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
  void theDocumentNamesEveryValueOfAnEnumeration() {
    enumerations()
        .forEach(
            (field, values) ->
                assertThat(values(field.split("\\.")[0], field.split("\\.")[1]))
                    .as(field)
                    .isEqualTo(names(values)));
    assertThat(values("ApiError", "code")).isEqualTo(names(ErrorCode.values()));
    TreeSet<String> possible =
        new TreeSet<>(Arrays.stream(ErrorCode.values()).map(e -> "" + e.status()).toList());
    assertThat(possible).containsAll(names(document.at("/components/responses")));
  }

  @Test
  void nothingIsDescribedThatNoRouteHas() {
    String text = document.toString();
    for (Map.Entry<String, JsonNode> kind : document.path("components").properties()) {
      for (String name : names(kind.getValue())) {
        assertThat(text).contains("\"#/components/" + kind.getKey() + "/" + name + "\"");
      }
    }
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
