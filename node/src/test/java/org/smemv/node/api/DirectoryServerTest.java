package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The directory's API on a loopback port; over a Unix socket it is asked by other tests. */
@Timeout(30)
class DirectoryServerTest implements ServedDirectory {
  private final List<PlanWish> wishes = new ArrayList<>();
  private DirectoryServer server;

  @BeforeEach
  void serve() throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
    server = DirectoryServer.start(new ApiAddress.Loopback(any), this);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  public DirectoryMetrics metrics() {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<DirectoryHost> hosts() {
    return List.of();
  }

  @Override
  public List<DirectoryVm> vms() {
    throw new IllegalStateException("broken on purpose");
  }

  @Override
  public DirectoryPlan plan(PlanWish wish) throws OperationException {
    wishes.add(wish);
    throw new OperationException(ErrorCode.CAPACITY, "10 MiB are missing");
  }

  private HttpResponse<String> post(String body, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server.address().uri() + "/v1/plans"))
            .POST(BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), BodyHandlers.ofString());
    }
  }

  @Test
  void aClientIsAnsweredOnALoopbackPort() throws Exception {
    DirectoryClient client = new DirectoryClient(server.address());
    assertThat(client.hosts()).isEmpty();
    PlanWish wish = new PlanWish("web", "h2", List.of("h3"), List.of("db"), 4096, 3, true, 0);
    OperationException refused =
        catchThrowableOfType(OperationException.class, () -> client.plan(wish));
    assertThat(refused.code()).isEqualTo(ErrorCode.CAPACITY);
    assertThat(refused).hasMessage("10 MiB are missing");
    assertThat(wishes).containsExactly(wish);
  }

  @Test
  void aBadRequestIsToldWhatIsWrongAndAsksNothing() throws Exception {
    assertThat(post("{\"vm\":\"web\",\"maxSubs\":65}").body()).contains("max subs 65");
    assertThat(post("{\"vm\":\"web\",\"linkPart\":1.5}").body()).contains("part of a link 1.5");
    assertThat(post("{\"vm\":\"../web\"}").body()).contains("../web");
    assertThat(post("{\"vm\":\"web\",\"more\":1}").body()).contains("unknown field 'more'");
    assertThat(post("{\"vm\":\"web\",\"exclude\":[\"a b\"]}").body()).contains("a b");
    assertThat(post("{").statusCode()).isEqualTo(400);
    assertThat(post(" ".repeat(300_000)).body()).contains("more than 262144 bytes");
    assertThat(wishes).isEmpty();
  }

  @Test
  void aWebPageOfAnotherOriginIsRefused() throws Exception {
    HttpResponse<String> response = post("{\"vm\":\"web\"}", "Origin", "http://example.org");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("another origin");
    assertThat(wishes).isEmpty();
  }

  @Test
  void aPortThatIsTakenIsNamed() {
    assertThatThrownBy(() -> DirectoryServer.start(server.address(), this))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(server.address().toString());
  }

  @Test
  void aBugIsAnErrorOfTheDirectoryAndNotTheEndOfIt() throws Exception {
    DirectoryClient client = new DirectoryClient(server.address());
    OperationException bug = catchThrowableOfType(OperationException.class, client::vms);
    assertThat(bug.code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(client.hosts()).isEmpty();
  }
}
