package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiEndpointTest {
  @Test
  void aSocketOrALoopbackPortIsRead() {
    assertThat(ApiEndpoint.parse("--api", "unix:/run/d/api.sock").socket())
        .isEqualTo(Path.of("/run/d/api.sock"));
    ApiEndpoint port = ApiEndpoint.parse("--api", "http://127.0.0.1:8080/");
    assertThat(port).hasToString("http://127.0.0.1:8080");
    assertThat(ApiEndpoint.parse("--api", "http://[::1]:8080").baseUri())
        .isEqualTo("http://[0:0:0:0:0:0:0:1]:8080");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "unix:api.sock",
        "/run/api.sock",
        "http://192.0.2.1:80",
        "http://0.0.0.0:80",
        "http://localhost:80",
        "http://127.0.0.1",
        "https://127.0.0.1:1"
      })
  void anythingElseIsRefusedByName(String text) {
    assertThatThrownBy(() -> ApiEndpoint.parse("--api", text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--api")
        .hasMessageContaining(text);
  }
}
