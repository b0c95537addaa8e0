package org.smemv.node.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class QmpTest {
  private static final Duration LONG = Duration.ofSeconds(10);
  private static final Duration SHORT = Duration.ofMillis(200);

  @TempDir Path directory;
  private FakeQmpServer server;

  @AfterEach
  void closeServer() throws IOException {
    if (server != null) {
      server.close();
    }
  }

  private Qmp connected() throws IOException {
    server = new FakeQmpServer(directory, FakeQmpServer.GREETING);
    return Qmp.connect("vm1", server.socket, LONG);
  }

  @Test
  void theGreetingTellsTheVersion() throws IOException {
    try (Qmp qmp = connected()) {
      assertThat(qmp.version()).hasToString("7.2.22");
      assertThat(qmp.version().packageName()).isEqualTo("Debian");
    }
  }

  @Test
  void anAnswerComesBackWithWhatTheCommandReturned() throws IOException {
    try (Qmp qmp = connected()) {
      server.answers(line -> FakeQmpServer.answerTo(line, "{\"running\": true}"));
      assertThat(qmp.execute("query-status", LONG).path("running").asBoolean()).isTrue();
      qmp.execute("qom-get", Map.of("path", "/machine", "property", "type"), LONG);
      assertThat(server.received.getLast())
          .contains("\"execute\":\"qom-get\"")
          .contains("\"path\":\"/machine\"");
    }
  }

  @Test
  void answersInAnotherOrderReachTheirOwnCommands() throws Exception {
    try (Qmp qmp = connected()) {
      List<String> held = new CopyOnWriteArrayList<>();
      server.answers(
          line -> {
            held.add(line);
            return held.size() < 2
                ? null
                : FakeQmpServer.answerTo(held.get(1), "\"second\"")
                    + "\r\n"
                    + FakeQmpServer.answerTo(held.get(0), "\"first\"");
          });
      CompletableFuture<String> first = executeInBackground(qmp, "query-a");
      while (held.isEmpty()) {
        Thread.onSpinWait();
      }
      CompletableFuture<String> second = executeInBackground(qmp, "query-b");
      assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo("first");
      assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo("second");
    }
  }

  private static CompletableFuture<String> executeInBackground(Qmp qmp, String command) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return qmp.execute(command, LONG).asText();
          } catch (QmpException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void anErrorReplyIsTypedAndNamesVmCommandAndReason() throws IOException {
    try (Qmp qmp = connected()) {
      server.answers(line -> FakeQmpServer.errorTo(line, "CommandNotFound", "no such thing"));
      QmpException e =
          catchThrowableOfType(QmpException.class, () -> qmp.execute("nonsense", LONG));
      assertThat(e.kind()).isEqualTo(QmpException.Kind.REFUSED);
      assertThat(e.errorClass()).isEqualTo("CommandNotFound");
      assertThat(e).hasMessageContainingAll("vm1", "nonsense", "no such thing", "qmp.sock");
    }
  }

  @Test
  void aMonitorThatDoesNotAnswerTimesOutAndSaysHowLong() throws IOException {
    try (Qmp qmp = connected()) {
      server.answers(line -> null);
      assertFails(
          () -> qmp.execute("query-status", SHORT),
          QmpException.Kind.TIMED_OUT,
          "vm1",
          "query-status",
          "200 ms");
    }
  }

  @Test
  void aLateAnswerDoesNotDisturbTheNextCommand() throws IOException {
    try (Qmp qmp = connected()) {
      server.answers(line -> null);
      assertThatThrownBy(() -> qmp.execute("slow", SHORT)).isInstanceOf(QmpException.class);
      server.answers(
          line ->
              FakeQmpServer.answerTo(server.received.get(1), "\"late\"")
                  + "\r\n"
                  + FakeQmpServer.answerTo(line, "\"mine\""));
      assertThat(qmp.execute("next", LONG).asText()).isEqualTo("mine");
    }
  }

  @Test
  void aSocketHeldByAnotherClientIsNotGreetedAndSaysSo() throws IOException {
    server = new FakeQmpServer(directory, "");
    assertFails(
        () -> Qmp.connect("vm1", server.socket, SHORT),
        QmpException.Kind.NO_GREETING,
        "Another client",
        "200 ms");
  }

  @Test
  void noSocketMeansThatQemuDoesNotRun() {
    assertFails(
        () -> Qmp.connect("vm1", directory.resolve("none"), LONG),
        QmpException.Kind.UNREACHABLE,
        "vm1",
        "none");
  }

  @Test
  void aQemuThatDiesFailsWaitingCommandsAtOnce() throws Exception {
    try (Qmp qmp = connected()) {
      server.answers(
          line -> {
            try {
              server.hangUp();
            } catch (IOException e) {
              throw new IllegalStateException(e);
            }
            return null;
          });
      assertFails(
          () -> qmp.execute("query-status", LONG), QmpException.Kind.CLOSED, "vm1", "query-status");
      assertThat(qmp.ended().get(10, TimeUnit.SECONDS).kind()).isEqualTo(QmpException.Kind.CLOSED);
      assertFails(() -> qmp.execute("again", LONG), QmpException.Kind.CLOSED, "again");
    }
  }

  @Test
  void somethingThatIsNotQmpIsMalformed() throws IOException {
    server = new FakeQmpServer(directory, "HTTP/1.1 400 Bad Request");
    assertFails(
        () -> Qmp.connect("vm1", server.socket, LONG), QmpException.Kind.MALFORMED, "not QMP");
  }

  @Test
  void anEventReachesListenersWithBothClocks() throws Exception {
    try (Qmp qmp = connected();
        Qmp.Expectation stop = qmp.expect("STOP")) {
      long before = System.nanoTime();
      server.send("{\"timestamp\":{\"seconds\":10,\"microseconds\":5},\"event\":\"RESUME\"}");
      server.send(
          "{\"timestamp\":{\"seconds\":11,\"microseconds\":7},\"event\":\"STOP\",\"data\":{\"a\":1}}");
      QmpEvent event = stop.await("the guest to stop", LONG);
      assertThat(event.qemuMicros()).isEqualTo(11_000_007L);
      assertThat(event.receivedNanos()).isBetween(before, System.nanoTime());
      assertThat(event.data().path("a").asInt()).isEqualTo(1);
    }
  }

  @Test
  void anEventThatNeverComesTimesOutAndADeadQemuDoesNotWaitForIt() throws Exception {
    try (Qmp qmp = connected();
        Qmp.Expectation stop = qmp.expect("STOP")) {
      assertFails(
          () -> stop.await("the guest to stop", SHORT),
          QmpException.Kind.TIMED_OUT,
          "the guest to stop",
          "200 ms");
      server.hangUp();
      assertFails(
          () -> stop.await("the guest to stop", LONG),
          QmpException.Kind.CLOSED,
          "the guest to stop");
    }
  }

  @Test
  void aListenerThatFailsDoesNotEndTheMonitor() throws Exception {
    assertSurvives(new IllegalStateException("a bug"));
  }

  /** Else nobody would read the answers any more, and nobody know. */
  @Test
  void aListenerThatLacksMemoryDoesNotEndTheMonitorEither() throws Exception {
    assertSurvives(new OutOfMemoryError("no more"));
  }

  private void assertSurvives(Throwable failure) throws Exception {
    try (Qmp qmp = connected();
        Qmp.Expectation stop = qmp.expect("STOP")) {
      qmp.onEvent(
          event -> {
            throw sneaked(failure);
          });
      server.send("{\"timestamp\":{\"seconds\":1,\"microseconds\":1},\"event\":\"STOP\"}");
      stop.await("STOP", LONG);
      qmp.execute("query-status", LONG);
    }
  }

  private static RuntimeException sneaked(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return (RuntimeException) failure;
  }

  private static void assertFails(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call,
      QmpException.Kind kind,
      String... words) {
    QmpException e = catchThrowableOfType(QmpException.class, call);
    assertThat(e).isNotNull().hasMessageContainingAll(words);
    assertThat(e.kind()).isEqualTo(kind);
  }
}
