package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;

/** The API over TCP on the loopback interface. */
@Timeout(20)
class LoopbackApiTest {
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final FakeHost fake = new FakeHost("h1");
  private ApiServer server;
  private ApiClient client;

  @BeforeEach
  void serve() throws IOException {
    server = ApiServer.start(new ApiAddress.Loopback(ANY_PORT), "h1", fake);
    client = new ApiClient(new HostEntry("h1", server.address(), ANY_PORT));
    fake.vms.put("vm1", FakeHost.vmReport("vm1", "h1"));
    fake.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
    fake.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void itServesAsOverTheUnixSocket() throws OperationException {
    assertThat(server.address().toString()).matches("http://127\\.0\\.0\\.1:[1-9]\\d*");
    assertThat(client.host()).isEqualTo(fake.host());
    assertThat(client.setMainMemory("vm1", new SetMainMemory(4096)).name()).isEqualTo("vm1");
    MigrationState[] last = new MigrationState[1];
    client.follow(
        "m1",
        0,
        new MigrationFollower() {
          @Override
          public boolean happened(MigrationEvent event) {
            last[0] = event.report().state();
            return true;
          }

          @Override
          public boolean quiet() {
            return true;
          }
        });
    assertThat(last[0]).isEqualTo(MigrationState.DONE);
  }

  @Test
  void aWebPageOfAnotherOriginCommandsNothing() throws IOException {
    assertThat(http("Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n"))
        .startsWith("HTTP/1.1 400")
        .contains("evil.example");
    assertThat(http("Host: evil.example\r\n")).startsWith("HTTP/1.1 400").contains("evil.example");
    assertThat(fake.vms).containsKey("vm1");
    assertThat(http("Host: 127.0.0.1\r\n")).startsWith("HTTP/1.1 200");
    assertThat(fake.vms).doesNotContainKey("vm1");
  }

  private String http(String headers) throws IOException {
    int port = ((ApiAddress.Loopback) server.address()).address().getPort();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      String head = "DELETE /v1/vms/vm1 HTTP/1.1\r\nConnection: close\r\n" + headers + "\r\n";
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
      return answer(socket.getInputStream());
    }
  }

  /** To the end of its JSON object: the server may keep the connection open. */
  private static String answer(InputStream stream) throws IOException {
    StringBuilder answer = new StringBuilder();
    while (answer.indexOf("}") < 0) {
      int next = stream.read();
      assertThat(next).as("end of %s", answer).isNotNegative();
      answer.append((char) next);
    }
    return answer.toString();
  }

  @Test
  void aPortThatIsTakenIsNamed() {
    assertThatThrownBy(() -> ApiServer.start(server.address(), "h1", fake))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(server.address().toString());
  }
}
