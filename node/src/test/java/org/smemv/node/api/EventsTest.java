package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.migration.MigrationState;

/** Server-sent events over a real Unix socket, to the real client and to crude ones. */
@Timeout(20)
class EventsTest {
  private static final Duration WRITE_MAX = Duration.ofMillis(300);

  /** Does what a test says instead of telling its progress. */
  private static final class ScriptedHost extends FakeHost {
    volatile Followers.Following script;

    ScriptedHost() {
      super("h1");
    }

    @Override
    public void follow(String id, long after, MigrationFollower follower)
        throws OperationException {
      if (script == null) {
        super.follow(id, after, follower);
      } else {
        script.run(follower);
      }
    }
  }

  /** Notes what it is told, and has enough after so many events. */
  private static class Notes implements MigrationFollower {
    final List<MigrationEvent> events = new ArrayList<>();
    final int enough;
    int quiet;

    Notes(int enough) {
      this.enough = enough;
    }

    @Override
    public boolean happened(MigrationEvent event) {
      events.add(event);
      return events.size() < enough;
    }

    @Override
    public boolean quiet() {
      quiet++;
      return true;
    }
  }

  @TempDir Path directory;
  private final ScriptedHost host = new ScriptedHost();
  private final Followers followers = new Followers(2, WRITE_MAX);
  private ApiServer server;
  private ApiClient client;
  private Path socket;

  @BeforeEach
  void serve() throws IOException {
    socket = directory.resolve("api").resolve("api.sock");
    server = ApiServer.start(new ApiAddress.UnixSocket(socket), "h1", host, followers);
    client =
        new ApiClient(
            new HostEntry(
                "h1", socket, new InetSocketAddress(InetAddress.getLoopbackAddress(), 7400)));
    host.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
    host.progress.add(FakeHost.migrationReport(MigrationState.DONE, "said \"so\"\nin two lines"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Asks for events and reads nothing yet. */
  private SocketChannel ask(String header) throws IOException {
    SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    String head = "GET /v1/migrations/m1/events HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n";
    channel.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.UTF_8)));
    return channel;
  }

  private static String readUntil(SocketChannel channel, String end) throws IOException {
    InputStream stream = Channels.newInputStream(channel);
    StringBuilder text = new StringBuilder();
    while (text.indexOf(end) < 0) {
      int next = stream.read();
      assertThat(next).as("end of %s", text).isNotNegative();
      text.append((char) next);
    }
    return text.toString();
  }

  private OperationException failure(String id, long after) {
    OperationException e =
        catchThrowableOfType(
            OperationException.class, () -> client.follow(id, after, new Notes(9)));
    assertThat(e).isNotNull();
    return e;
  }

  private void awaitNobody() {
    await().atMost(Duration.ofSeconds(10)).until(() -> followers.count() == 0);
  }

  @Test
  void everyEventArrivesWithItsIdItsKindAndItsReport() throws OperationException {
    Notes notes = new Notes(9);
    client.follow("m1", 0, notes);
    assertThat(notes.events).containsExactly(host.event(0), host.event(1));
  }

  @Test
  void onTheWireAnEventHasAnIdANameAndOneLineOfData() throws IOException {
    try (SocketChannel channel = ask("")) {
      String answer = readUntil(channel, "0\r\n\r\n");
      assertThat(answer)
          .startsWith("HTTP/1.1 200")
          .containsIgnoringCase("content-type: text/event-stream")
          .contains(
              "id: 1\nevent: state\ndata: " + Json.write(host.progress.get(0)) + "\n\n",
              "id: 2\nevent: state\ndata: " + Json.write(host.progress.get(1)) + "\n\n");
    }
  }

  @Test
  void whoComesBackIsToldWhatItMissed() throws OperationException {
    Notes notes = new Notes(9);
    client.follow("m1", 1, notes);
    assertThat(notes.events).containsExactly(host.event(1));
  }

  @Test
  void whoHasTheLastEventIsToldNotToComeAgain() throws IOException, OperationException {
    try (SocketChannel channel = ask("Last-Event-ID: 2\r\n")) {
      assertThat(readUntil(channel, "\r\n\r\n")).startsWith("HTTP/1.1 204");
    }
    Notes notes = new Notes(9);
    client.follow("m1", 2, notes);
    assertThat(notes.events).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "-1", "1.5", "99999999999999999999"})
  void anIdThatIsNoNumberIsRefused(String id) throws IOException {
    try (SocketChannel channel = ask("Last-Event-ID: " + id + "\r\n")) {
      assertThat(readUntil(channel, "}")).startsWith("HTTP/1.1 400").contains("Last-Event-ID");
    }
  }

  @Test
  void anErrorBeforeTheFirstEventIsAnAnswerLikeEveryOther() {
    assertThat(failure("m9", 0).code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(followers.count()).isZero();
  }

  @Test
  void anErrorAfterTheFirstEventBreaksTheConnectionOff() {
    host.script =
        follower -> {
          follower.happened(host.event(0));
          throw new OperationException(ErrorCode.INTERNAL, "broken");
        };
    OperationException e = failure("m1", 0);
    assertThat(e.code()).isEqualTo(ErrorCode.UNREACHABLE_HOST);
    awaitNobody();
  }

  @Test
  void aSignOfLifeComesThroughAtOnceAndIsNoEvent() throws OperationException {
    CountDownLatch heard = new CountDownLatch(1);
    host.script =
        follower -> {
          follower.quiet();
          awaitLatch(heard);
          follower.happened(host.event(1));
        };
    Notes notes =
        new Notes(9) {
          @Override
          public boolean quiet() {
            heard.countDown();
            return super.quiet();
          }
        };
    client.follow("m1", 0, notes);
    assertThat(notes.quiet).isEqualTo(1);
    assertThat(notes.events).containsExactly(host.event(1));
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aReaderThatTakesNothingLosesItsConnectionAndHoldsNobodyUp() throws Exception {
    host.script =
        follower -> {
          while (follower.happened(host.event(0))) {
            // As fast as the reader takes it.
          }
        };
    try (SocketChannel stuck = ask("")) {
      await().until(() -> followers.count() == 1);
      assertThat(client.host().name()).isEqualTo("h1");
      awaitNobody();
      assertThat(stuck.isOpen()).isTrue();
    }
  }

  @Test
  void aReaderThatIsGoneIsNoticedAtTheNextSignOfLife() throws Exception {
    CountDownLatch gone = new CountDownLatch(1);
    host.script =
        follower -> {
          follower.happened(host.event(0));
          awaitLatch(gone);
          while (follower.quiet()) {
            Thread.onSpinWait();
          }
        };
    try (SocketChannel reader = ask("")) {
      readUntil(reader, "id: 1");
    }
    assertThat(followers.count()).isEqualTo(1);
    gone.countDown();
    awaitNobody();
  }

  @Test
  void aClientThatHasEnoughEndsItsConnection() throws OperationException {
    host.script =
        follower -> {
          while (follower.happened(host.event(0))) {
            Thread.onSpinWait();
          }
        };
    Notes notes = new Notes(3);
    client.follow("m1", 0, notes);
    assertThat(notes.events).hasSize(3);
    awaitNobody();
  }

  @Test
  void noMoreThanTheLimitFollowAtOnce() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    host.script =
        follower -> {
          follower.happened(host.event(0));
          awaitLatch(end);
        };
    try (SocketChannel one = ask("");
        SocketChannel two = ask("")) {
      readUntil(one, "id: 1");
      readUntil(two, "id: 1");
      OperationException e = failure("m1", 0);
      assertThat(e.code()).isEqualTo(ErrorCode.BUSY);
      assertThat(e).hasMessageContaining("2 readers");
      end.countDown();
      awaitNobody();
    }
  }

  @Test
  void aServerThatStopsEndsItsStreams() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    host.script =
        follower -> {
          follower.happened(host.event(0));
          awaitLatch(never);
        };
    try (SocketChannel reader = ask("")) {
      readUntil(reader, "id: 1");
      server.close();
      awaitNobody();
    }
  }
}
