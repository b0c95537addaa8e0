package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smemv.migration.MigrationState;

/** The real server and the real client over a real Unix socket. */
@Timeout(10)
class ApiTest {
  private static final MigrateVm SPLIT =
      new MigrateVm(
          "h2",
          512L << 20,
          List.of(new SubShare("h3", 0)),
          MigrationMode.PRECOPY,
          0,
          0,
          0,
          null,
          false);

  @TempDir Path directory;
  private final FakeHost fake = new FakeHost("h1");
  private ApiServer server;
  private ApiClient client;
  private Path socket;

  @BeforeEach
  void serve() throws IOException {
    socket = directory.resolve("api").resolve("api.sock");
    server = ApiServer.start(socket, "h1", fake);
    client = new ApiClient(entry(socket));
    fake.vms.put("vm1", FakeHost.vmReport("vm1", "h1"));
    fake.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
    fake.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static HostEntry entry(Path socket) {
    return new HostEntry(
        "h1", socket, new InetSocketAddress(InetAddress.getLoopbackAddress(), 7400));
  }

  @Test
  void everyOperationArrivesAndItsReportComesBackUnchanged() throws OperationException {
    assertThat(client.host()).isEqualTo(fake.host());
    assertThat(client.vms()).isEqualTo(fake.vms());
    assertThat(client.vm("vm1")).isEqualTo(fake.vm("vm1"));
    assertThat(client.migrate("vm1", SPLIT)).isEqualTo(fake.progress.get(0));
    assertThat(client.migrations()).isEqualTo(fake.progress);
    assertThat(client.migration("m1").state()).isEqualTo(MigrationState.DONE);
    assertThat(client.cancel("m1").id()).isEqualTo("m1");
    assertThat(client.setMainMemory("vm1", new SetMainMemory(4096)).name()).isEqualTo("vm1");
    assertThat(client.attach(new AttachVm("vm2", 4711, "/q.sock")).name()).isEqualTo("vm2");
    assertThat(client.start(startVm("vm3")).name()).isEqualTo("vm3");
    client.stop("vm3");
    assertThat(fake.vms).doesNotContainKey("vm3");
    assertThat(fake.requests)
        .containsExactly(
            SPLIT,
            "cancel m1",
            new SetMainMemory(4096),
            new AttachVm("vm2", 4711, "/q.sock"),
            startVm("vm3"));
  }

  private static StartVm startVm(String name) {
    NetRequest net = new NetRequest("br0", "52:54:00:12:34:56");
    return new StartVm(
        name, 1L << 30, 2, net, "/d.img", "/k", "/i", "quiet", "tcg", List.of("-cpu", "max"));
  }

  @Test
  void aDryRunReturnsThePlanAndMovesNothing() throws OperationException {
    MigrateVm dry =
        new MigrateVm(
            "h2", 0, List.of(), MigrationMode.PRECOPY, 100, 125_000, 60, TimeoutAction.FORCE, true);
    PlanReport plan = client.plan("vm1", dry);
    assertThat(plan.targets()).hasSize(1);
    assertThat(plan.onTimeout()).isEqualTo(TimeoutAction.FORCE);
    assertThat(fake.requests).containsExactly(dry);
  }

  @ParameterizedTest
  @CsvSource({
    "CAPACITY",
    "UNSUITABLE",
    "BUSY",
    "NOT_FOUND",
    "UNREACHABLE_HOST",
    "STALLED",
    "FAILED",
    "ALREADY_EXISTS",
    "BAD_REQUEST",
    "INTERNAL"
  })
  void anErrorKeepsItsCodeAndItsMessage(ErrorCode code) {
    fake.failWith(code, "host h3 has only 10M");
    OperationException e = failure(() -> client.vm("vm1"));
    assertThat(e.code()).isEqualTo(code);
    assertThat(e).hasMessage("host h3 has only 10M");
  }

  @Test
  void aHostWithoutAnAgentIsUnreachable() {
    ApiClient nobody = new ApiClient(entry(directory.resolve("none.sock")));
    OperationException e = failure(nobody::host);
    assertThat(e.code()).isEqualTo(ErrorCode.UNREACHABLE_HOST);
    assertThat(failure(nobody::metrics).code()).isEqualTo(ErrorCode.UNREACHABLE_HOST);
    assertThat(e).hasMessageContainingAll("h1", "none.sock", "agent");
  }

  @Test
  void anAgentThatDoesNotAnswerIsUnreachableAfterTheTimeout() throws IOException {
    Path deaf = directory.resolve("deaf.sock");
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(deaf));
      ApiClient waiting =
          new ApiClient(entry(deaf), Duration.ofMillis(300), Duration.ofMillis(300));
      OperationException e = failure(waiting::host);
      assertThat(e.code()).isEqualTo(ErrorCode.UNREACHABLE_HOST);
      assertThat(e).hasMessageContaining("300 ms");
      assertThat(failure(waiting::metrics).code()).isEqualTo(ErrorCode.UNREACHABLE_HOST);
    }
  }

  private static OperationException failure(ThrowingCallable call) {
    OperationException e = catchThrowableOfType(OperationException.class, call);
    assertThat(e).isNotNull();
    return e;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "POST | /v1/vms | {\"name\":\"vm1\",\"memoryBytes\":1048576,\"colour\":1} | colour",
        "POST | /v1/vms | {\"name\":\"vm1\"} | memory",
        "POST | /v1/vms | {\"name\":\"../x\",\"memoryBytes\":1048576} | VM name",
        "POST | /v1/vms | {\"memoryBytes\":1048576} | VM name",
        "POST | /v1/vms | {\"name\":\"v\",\"memoryBytes\":\"1048576\"} | memoryBytes",
        "POST | /v1/vms | {\"name\":\"v\",\"memoryBytes\":1.5} | memoryBytes",
        "POST | /v1/vms | {\"name\":\"v\",\"memoryBytes\":null} | memory",
        "POST | /v1/vms | {\"name\":\"v\",\"memoryBytes\":-1} | memory",
        "POST | /v1/vms | {\"name\":\"v\",\"name\":\"w\"} | name",
        "POST | /v1/vms | {\"name\":\"v\",\"memoryBytes\":1048576,\"cpus\":300} | cpus",
        "POST | /v1/vms | {\"name\":\"v\",\"memoryBytes\":1048576,\"disk\":\"d.img\"} | absolute",
        "POST | /v1/vms | {\"name\":\"v\",\"memoryBytes\":1048576} {} | bad request",
        "POST | /v1/vms | null | bad request",
        "POST | /v1/vms | [1] | bad request",
        "POST | /v1/vms | nonsense | bad request",
        "POST | /v1/vms |  | bad request",
        "POST | /v1/attachments | {\"name\":\"v\",\"pid\":0,\"qmpSocket\":\"/q\"} | pid",
        "POST | /v1/attachments | {\"name\":\"v\",\"pid\":9} | qmpSocket",
        "POST | /v1/vms/vm1/migrations | {} | main host",
        "POST | /v1/vms/vm1/migrations | {\"mainHost\":\"h2\",\"subs\":[{\"host\":\"h2\"}]} | h2",
        "POST | /v1/vms/vm1/migrations | {\"mainHost\":\"h2\",\"subs\":[{\"host\":\"h3\"},"
            + "{\"host\":\"h3\"}]} | twice",
        "POST | /v1/vms/vm1/migrations | {\"mainHost\":\"h2\",\"mainMemoryBytes\":5} | 4096",
        "POST | /v1/vms/vm1/migrations | {\"mainHost\":\"h2\",\"onTimeout\":\"wait\"} | onTimeout",
        "POST | /v1/vms/vm1/migrations | {\"mainHost\":\"h2\",\"downtimeLimitMillis\":-1} | limit",
        "PUT | /v1/vms/vm1/main-memory | {\"bytes\":0} | main memory",
        "PUT | /v1/vms/-x/main-memory | {\"bytes\":4096} | VM name",
      })
  void badInputIsRefusedBeforeAnythingHappens(String method, String path, String body, String word)
      throws IOException {
    String answer = http(method, path, body == null ? "" : body);
    assertThat(answer).startsWith("HTTP/1.1 400").contains("\"BAD_REQUEST\"").contains(word);
    assertThat(fake.requests).isEmpty();
  }

  @Test
  void aRequestTooLongIsRefused() throws IOException {
    String answer = http("POST", "/v1/vms", "[" + " ".repeat(ApiRoutes.BODY_BYTES_MAX) + "]");
    assertThat(answer).startsWith("HTTP/1.1 400").contains("65536 bytes");
  }

  @Test
  void anUnknownRouteIsNotFound() throws IOException {
    assertThat(http("GET", "/v1/nonsense", "")).startsWith("HTTP/1.1 404").contains("NOT_FOUND");
    assertThat(http("DELETE", "/v1/host", "")).startsWith("HTTP/1.1 404").contains("NOT_FOUND");
  }

  @Test
  void figuresForMonitoringAreServedAsTextOfThatFormat() throws IOException {
    assertThat(http("GET", "/metrics", ""))
        .startsWith("HTTP/1.1 200")
        .containsIgnoringCase("content-type: text/plain; version=0.0.4; charset=utf-8")
        .contains("smemv_host_capacity_bytes 5.36870912E8\n");
  }

  private String http(String method, String path, String body) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      String head =
          "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
              .formatted(method, path, bytes.length);
      channel.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.UTF_8)));
      ByteBuffer rest = ByteBuffer.wrap(bytes);
      while (rest.hasRemaining()) {
        channel.write(rest);
      }
      return answer(Channels.newInputStream(channel));
    }
  }

  /** Head and body by their length: the server may keep the connection open. */
  private static String answer(InputStream stream) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = stream.read();
      assertThat(next).as("end of answer %s", head).isNotNegative();
      head.append((char) next);
    }
    Matcher length = Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
    assertThat(length.find()).as(head.toString()).isTrue();
    byte[] body = stream.readNBytes(Integer.parseInt(length.group(1)));
    return head + new String(body, StandardCharsets.UTF_8);
  }

  @Test
  void theSocketsDirectoryIsForItsOwnerOnly() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())))
        .isEqualTo("rwx------");
  }

  @Test
  void theSocketOfADeadAgentIsReplacedAndThatOfALivingOneIsNot() throws Exception {
    assertThatThrownBy(() -> ApiServer.start(socket, "h1", fake))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another agent");
    Path stale = directory.resolve("stale/api.sock");
    Files.createDirectories(stale.getParent());
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(stale));
    }
    assertThat(stale).exists();
    try (ApiServer again = ApiServer.start(stale, "h1", fake)) {
      assertThat(again).isNotNull();
      assertThat(new ApiClient(entry(stale)).host().name()).isEqualTo("h1");
    }
    assertThat(stale).doesNotExist();
  }

  @Test
  void aFileThatIsNoSocketIsNeverRemoved() throws IOException {
    Path file = Files.createDirectories(directory.resolve("d")).resolve("api.sock");
    Files.writeString(file, "precious");
    assertThatThrownBy(() -> ApiServer.start(file, "h1", fake))
        .hasMessageContaining("not a socket");
    assertThat(file).hasContent("precious");
  }

  @Test
  void aDirectoryOpenToEverybodyIsRefused() throws IOException {
    Path open = Files.createDirectories(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(() -> ApiServer.start(open.resolve("api.sock"), "h1", fake))
        .hasMessageContaining("open to everybody");
  }
}
