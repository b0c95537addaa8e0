package org.smemv.node.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real QEMU, started and stopped as the agent does it. No guest is needed. */
@Timeout(120)
class QemuIT {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path directory;
  private Path ram;
  private QemuBody body;

  @BeforeEach
  void findTmpfs() throws IOException {
    ram = Files.createTempDirectory(Path.of("/dev/shm"), "smemv-it");
  }

  @AfterEach
  void stop() throws IOException {
    if (body != null) {
      body.stop();
    }
    Files.deleteIfExists(ram.resolve("ram"));
    Files.deleteIfExists(ram);
  }

  private QemuPlace place() {
    return new QemuPlace("h1", directory.resolve("vm1"), ram.resolve("ram"));
  }

  private QemuSpec spec(String... extra) throws IOException {
    return new QemuSpec(
        "vm1",
        UUID.randomUUID(),
        64L << 20,
        1,
        MachineType.probe(),
        Accelerator.TCG,
        null,
        null,
        null,
        null,
        null,
        List.of(extra));
  }

  private QemuBody start(QemuBody.Mode mode) throws IOException {
    body = QemuBody.start(spec(), place(), mode, LONG);
    return body;
  }

  @Test
  void aStartedQemuWaitsPausedAndItsMemoryCanBeTakenOver() throws IOException {
    start(QemuBody.Mode.PAUSED);
    assertThat(body.qmp().execute("query-status", LONG).path("status").asText())
        .isEqualTo("prelaunch");
    Suitability.Suitable found =
        (Suitability.Suitable) QemuInspection.inspect(body.process(), body.qmp());
    assertThat(found.ramFile()).isEqualTo(ram.resolve("ram"));
    assertThat(found.memoryBytes()).isEqualTo(64L << 20);
    assertThat(found.memoryBackend()).isEqualTo("ram0");
    assertThat(found.name()).isEqualTo("vm1");
    assertThat(found.cpus()).isEqualTo(1);
    assertThat(found.accelerator()).isEqualTo(Accelerator.TCG);
    assertThat(found.running()).isFalse();
    assertThat(found.hostAddress()).isPositive();
  }

  @Test
  void theGuestRunsAfterContAndTheEventsTellWhen() throws IOException {
    start(QemuBody.Mode.PAUSED);
    try (Qmp.Expectation resume = body.qmp().expect("RESUME");
        Qmp.Expectation stop = body.qmp().expect("STOP")) {
      body.qmp().execute("cont", LONG);
      QmpEvent resumed = resume.await("RESUME", LONG);
      body.qmp().execute("stop", LONG);
      QmpEvent stopped = stop.await("STOP", LONG);
      assertThat(stopped.qemuMicros()).isGreaterThanOrEqualTo(resumed.qemuMicros());
    }
  }

  @Test
  void aDestinationWaitsForTheMigration() throws IOException {
    start(QemuBody.Mode.INCOMING);
    assertThat(body.qmp().execute("query-status", LONG).path("status").asText())
        .isEqualTo("inmigrate");
  }

  /** As an agent leaves it that dies between the start and the writing of the record. */
  @Test
  void aQemuThatWasNeverRecordedIsEndedAndOneThatWasIsNot() throws IOException {
    start(QemuBody.Mode.PAUSED);
    QemuProcess process = body.process();
    QemuBody.endUnrecorded(place().directory());
    assertThat(process.isAlive()).isTrue();

    body.close();
    Files.delete(place().record());
    QemuBody.endUnrecorded(directory.resolve("vm"));
    assertThat(process.isAlive()).isTrue();
    QemuBody.endUnrecorded(place().directory());
    assertThat(process.isAlive()).isFalse();
    body = null;
  }

  /**
   * Two agents on one machine, each in a mount namespace with its own state under the same path.
   */
  @Test
  void aQemuOfAnotherAgentWhoseDirectoryHasTheSamePathIsLeftAlone() throws Exception {
    Files.createDirectories(place().directory());
    Process other =
        new ProcessBuilder(
                "unshare",
                "-m",
                "sh",
                "-c",
                "mount -t tmpfs tmpfs " + directory + " && echo mounted && read end",
                place().directory().toAbsolutePath() + "/qmp.sock")
            .start();
    try {
      assertThat(other.inputReader().readLine()).isEqualTo("mounted");
      QemuBody.endUnrecorded(place().directory());
      assertThat(other.isAlive()).isTrue();
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void aRestartedAgentFindsItsQemuAgain() throws IOException {
    start(QemuBody.Mode.PAUSED);
    QemuProcess process = body.process();
    body.close();
    Optional<QemuBody> again = QemuBody.reopen(place().directory());
    assertThat(again).isPresent();
    body = again.get();
    assertThat(body.process()).isEqualTo(process);
    assertThat(body.spec().orElseThrow().memoryBytes()).isEqualTo(64L << 20);
    body.qmp().execute("query-status", LONG);
  }

  @Test
  void whileOneClientHoldsTheMonitorAnotherIsToldSo() throws IOException {
    start(QemuBody.Mode.PAUSED);
    QmpException e =
        catchThrowableOfType(
            QmpException.class, () -> Qmp.connect("vm1", body.qmpSocket(), Duration.ofMillis(500)));
    assertThat(e.kind()).isEqualTo(QmpException.Kind.NO_GREETING);
  }

  @Test
  void stoppingEndsTheProcessAndLeavesNoRecord() throws IOException {
    start(QemuBody.Mode.PAUSED);
    QemuProcess process = body.process();
    body.stop();
    body = null;
    assertThat(process.isAlive()).isFalse();
    assertThat(QemuBody.reopen(place().directory())).isEmpty();
  }

  @Test
  void aStoppedProcessThatCannotQuitIsKilled() throws Exception {
    start(QemuBody.Mode.PAUSED);
    QemuProcess process = body.process();
    signal("-STOP", process);
    body.stop();
    body = null;
    assertThat(process.isAlive()).isFalse();
  }

  @Test
  void aQemuThatDiesEndsTheMonitorAndIsReportedDead() throws Exception {
    start(QemuBody.Mode.PAUSED);
    Qmp qmp = body.qmp(); // the body would connect anew, to nobody
    signal("-KILL", body.process());
    QmpException e =
        catchThrowableOfType(
            QmpException.class,
            () -> {
              while (true) {
                qmp.execute("query-status", LONG);
              }
            });
    assertThat(e.kind()).isEqualTo(QmpException.Kind.CLOSED);
    assertThat(body.process().awaitEnd(LONG)).isTrue();
    assertThatThrownBy(() -> QemuBody.reopen(place().directory()))
        .isInstanceOf(QemuException.class)
        .hasMessageContaining("vm1")
        .hasMessageContaining("has ended");
    QemuBody.forgetDead(place().directory());
    assertThat(QemuBody.reopen(place().directory())).isEmpty();
  }

  @Test
  void aQemuThatRefusesItsArgumentsLeavesNothingBehindAndItsReasonIsTold() throws IOException {
    assertThatThrownBy(
            () -> QemuBody.start(spec("-device", "nonsense"), place(), QemuBody.Mode.PAUSED, LONG))
        .isInstanceOf(QemuException.class)
        .hasMessageContaining("nonsense");
    assertThat(QemuBody.reopen(place().directory())).isEmpty();
  }

  @Test
  void theSameVmIsNotStartedTwice() throws IOException {
    start(QemuBody.Mode.PAUSED);
    assertThatThrownBy(() -> QemuBody.start(spec(), place(), QemuBody.Mode.PAUSED, LONG))
        .hasMessageContaining("already");
    body.qmp().execute("query-status", LONG);
  }

  @Test
  void aNetworkCardGetsATapOnTheBridgeThatGoesWithTheVm() throws Exception {
    run("ip", "link", "add", "smvtestbr", "type", "bridge");
    try {
      QemuNet net = new QemuNet("smvtestbr", "52:54:00:12:34:56");
      QemuSpec plain = spec();
      QemuSpec spec =
          new QemuSpec(
              "vm1",
              plain.id(),
              64L << 20,
              1,
              plain.machineType(),
              Accelerator.TCG,
              net,
              null,
              null,
              null,
              null,
              List.of());
      body = QemuBody.start(spec, place(), QemuBody.Mode.PAUSED, LONG);
      String tap = place().tapName("vm1");
      assertThat(run("ip", "link", "show", "dev", tap)).contains("master smvtestbr");
      body.stop();
      body = null;
      assertThat(run("ip", "link", "show")).doesNotContain(tap);
    } finally {
      run("ip", "link", "delete", "smvtestbr");
    }
  }

  @Test
  void aMissingBridgeIsNamedAndNoTapStays() throws Exception {
    QemuSpec plain = spec();
    QemuSpec spec =
        new QemuSpec(
            "vm1",
            plain.id(),
            64L << 20,
            1,
            plain.machineType(),
            null,
            new QemuNet("smvnobr", "52:54:00:12:34:56"),
            null,
            null,
            null,
            null,
            List.of());
    assertThatThrownBy(() -> QemuBody.start(spec, place(), QemuBody.Mode.PAUSED, LONG))
        .isInstanceOf(QemuException.class)
        .hasMessageContaining("smvnobr");
    assertThat(run("ip", "link", "show")).doesNotContain(place().tapName("vm1"));
  }

  /** Command lines of both sides agree: device state loads, with network, disk and RAM kept. */
  @Test
  void aBodyMovesToAnEqualQemuWithoutItsRam() throws Exception {
    run("ip", "link", "add", "smvtestbr", "type", "bridge");
    Path disk = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
    QemuSpec spec =
        new QemuSpec(
            "vm1",
            UUID.randomUUID(),
            64L << 20,
            2,
            MachineType.probe(),
            Accelerator.TCG,
            new QemuNet("smvtestbr", "52:54:00:12:34:56"),
            disk.toString(),
            null,
            null,
            null,
            List.of());
    body = QemuBody.start(spec, place(), QemuBody.Mode.PAUSED, LONG);
    body.qmp().execute("cont", LONG);
    QemuPlace there = new QemuPlace("h2", directory.resolve("there"), ram.resolve("ram"));
    QemuBody target = QemuBody.start(spec, there, QemuBody.Mode.INCOMING, LONG);
    try {
      String uri = "unix:" + directory.resolve("body.sock");
      ignoreShared(body.qmp());
      ignoreShared(target.qmp());
      target.qmp().execute("migrate-incoming", Map.of("uri", uri), LONG);
      try (Qmp.Expectation end = expectEnd(body.qmp());
          Qmp.Expectation arrived = expectEnd(target.qmp())) {
        body.qmp().execute("migrate", Map.of("uri", uri), LONG);
        assertThat(end.await("the end", LONG).data().path("status").asText())
            .isEqualTo("completed");
        assertThat(arrived.await("the end", LONG).data().path("status").asText())
            .isEqualTo("completed");
      }
      target.qmp().execute("cont", LONG);
      assertThat(target.qmp().execute("query-status", LONG).path("running").asBoolean()).isTrue();
      long sent = body.qmp().execute("query-migrate", LONG).at("/ram/transferred").asLong();
      assertThat(sent).as("bytes with the RAM left out").isLessThan(4 << 20);
    } finally {
      target.stop();
      run("ip", "link", "delete", "smvtestbr");
    }
  }

  private static void ignoreShared(Qmp qmp) throws QmpException {
    List<Map<String, ?>> capabilities =
        List.of(
            Map.of("capability", "x-ignore-shared", "state", true),
            Map.of("capability", "events", "state", true));
    qmp.execute("migrate-set-capabilities", Map.of("capabilities", capabilities), LONG);
  }

  private static Qmp.Expectation expectEnd(Qmp qmp) {
    return qmp.expect(
        event ->
            event.name().equals("MIGRATION")
                && List.of("completed", "failed").contains(event.data().path("status").asText()));
  }

  @Test
  void qemuHasASessionOfItsOwnSoThatItOutlivesTheAgent() throws Exception {
    start(QemuBody.Mode.PAUSED);
    String stat = Files.readString(Path.of("/proc/" + body.process().pid() + "/stat"));
    String session = stat.substring(stat.lastIndexOf(')') + 2).split(" ")[3];
    assertThat(session).isEqualTo(Long.toString(body.process().pid()));
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static void signal(String signal, QemuProcess process) throws Exception {
    assertThat(new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor())
        .isZero();
  }
}
