package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The API of the directory. */
class DirectoryOpenApiTest extends OpenApiContractTest {
  private final FakeDirectory directory = new FakeDirectory();
  private DirectoryServer server;

  @Override
  ApiAddress serve() throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server = DirectoryServer.start(new ApiAddress.Loopback(any), directory);
    return server.address();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  List<Route> routes() {
    return DirectoryRoutes.all(directory);
  }

  @Override
  Map<String, List<String>> bodies() {
    return Map.of(
        "POST /v1/plans",
        List.of(
            """
            {"vm":"vm1","main":"h2","exclude":["h3"],"antiAffinity":["rack-7","db"],
             "workingSetBytes":4096,"maxSubs":3,"fresh":true,"linkPart":0.5}
            """,
            "{\"vm\":\"vm1\",\"main\":null,\"exclude\":null}"));
  }

  @Override
  void refill() {
    directory.failure = null;
  }

  @Override
  void failAllWith(ErrorCode code) {
    directory.failure = code;
  }

  @Override
  Map<String, Enum<?>[]> enumerations() {
    return Map.of("DirectoryVm.state", VmState.values());
  }

  @Test
  void whatAHostDescribesTooIsDescribedInTheSameWay() throws IOException {
    try (InputStream file = ApiServer.class.getResourceAsStream("openapi.json")) {
      JsonNode ofHost = Json.MAPPER.readTree(file).at("/components/schemas");
      List<String> both =
          document().at("/components/schemas").properties().stream()
              .map(Map.Entry::getKey)
              .filter(ofHost::has)
              .toList();
      assertThat(both).contains("Share", "VmSub", "ApiError");
      for (String name : both) {
        assertThat(document().at("/components/schemas").get(name)).isEqualTo(ofHost.get(name));
      }
    }
  }
}
