package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.linux.JavaCommand;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.MemoryMount;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ApiClient;
import org.smemv.node.api.AttachVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.VmReport;
import org.smemv.node.command.SmemvCommand;

/** Real agents on the loopback interface, with QEMUs whose memory the test itself writes. */
@Timeout(120)
class PlacedAnewIT {
  private static final long MIB = 1L << 20;
  private static final long VM = 64 * MIB;

  /** Beyond what QEMU writes to itself. */
  private static final long WRITTEN_FROM = 8 * MIB;

  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final List<String> HOSTS = List.of("h1", "h2", "h3");

  @TempDir Path folder;
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    List<String> entries = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    for (String host : HOSTS) {
      try (ServerSocket socket = new ServerSocket(0)) {
        ports.add(socket.getLocalPort());
      }
      entries.add(
          "{\"name\":\"%s\",\"api\":\"unix:%s\",\"data\":\"127.0.0.1:%d\"}"
              .formatted(host, folder.resolve(host + "/api.sock"), ports.getLast()));
    }
    Files.writeString(hostsFile(), "{\"hosts\":" + entries + "}");
    for (int i = 0; i < HOSTS.size(); i++) {
      startAgent(HOSTS.get(i), ports.get(i));
    }
    for (String host : HOSTS) {
      await().atMost(PATIENCE).ignoreExceptions().until(() -> agent(host).host() != null);
    }
  }

  private Path hostsFile() {
    return folder.resolve("hosts.json");
  }

  private void startAgent(String name, int port) throws IOException {
    List<String> command =
        JavaCommand.of(
            SmemvCommand.class,
            List.of("-Xmx96m", "-XX:TieredStopAtLevel=1"),
            "--hosts-file",
            hostsFile(),
            "agent",
            "--name",
            name,
            "--data",
            "127.0.0.1:" + port,
            "--api",
            "unix:" + folder.resolve(name + "/api.sock"),
            "--state",
            folder.resolve(name + "-state"),
            "--capacity",
            "80M");
    run(command, folder.resolve(name + ".log"));
  }

  private Process run(List<String> command, Path log) throws IOException {
    File file = log.toFile();
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(file))
            .start();
    processes.add(process);
    return process;
  }

  @AfterEach
  void end() throws Exception {
    for (VmReport vm : agent("h1").vms()) {
      agent("h1").stop(vm.name());
    }
    for (Process process : processes) {
      process.destroyForcibly();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    for (String host : HOSTS) {
      MemoryMount.remove(folder.resolve(host + "-state/ram"));
    }
    Files.deleteIfExists(ram());
  }

  private ApiClient agent(String name) throws IOException {
    return new ApiClient(HostsFile.read(hostsFile()).host(name).orElseThrow());
  }

  private Path ram() {
    return Path.of("/dev/shm/smemv-" + folder.getFileName());
  }

  @Test
  void anAttachedVmIsSpilledMovedAboutAndGatheredWithAllThatItHad() throws Exception {
    Process qemu = startQemu();
    agent("h1").attach(new AttachVm("db", qemu.pid(), folder.resolve("qmp.sock").toString()));
    write();

    rearrange(16 * MIB, "h2");
    assertThat(agent("h2").host().shares().getFirst().bytes()).isGreaterThan(40 * MIB);
    await().until(() -> agent("h1").host().freeBytes() == 64 * MIB);
    rearrange(0, "h3");
    assertThat(agent("h2").host().shares()).isEmpty();
    assertThat(agent("h3").host().shares().getFirst().bytes()).isGreaterThan(40 * MIB);
    rearrange(VM);
    assertThat(agent("h3").host().shares()).isEmpty();
    assertThat(agent("h1").vm("db").residentBytes()).isGreaterThanOrEqualTo(VM - WRITTEN_FROM);
    assertEverythingIsThere();
    assertThatThrownBy(() -> agent("h1").migrate("db", request("h2", 0)))
        .hasMessageContaining("not started by smemv");
  }

  private Process startQemu() throws IOException {
    List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-nodefaults", "-S"));
    command.addAll(List.of("-display", "none", "-accel", "tcg", "-m", "64M"));
    command.addAll(List.of("-machine", "pc,memory-backend=ram0", "-object"));
    command.add("memory-backend-file,id=ram0,size=64M,mem-path=" + ram() + ",share=on");
    Path socket = folder.resolve("qmp.sock");
    command.addAll(List.of("-qmp", "unix:" + socket + ",server=on,wait=off"));
    Process qemu = run(command, folder.resolve("qemu.log"));
    await().atMost(PATIENCE).until(() -> Files.exists(socket));
    return qemu;
  }

  private void write() {
    try (MemoryFile file = MemoryFile.open(ram())) {
      for (long at = WRITTEN_FROM; at < VM; at += 8) {
        file.mapped().set(ValueLayout.JAVA_LONG, at, at * 0x9e3779b97f4a7c15L);
      }
    }
  }

  private void assertEverythingIsThere() {
    try (MemoryFile file = MemoryFile.open(ram())) {
      for (long at = WRITTEN_FROM; at < VM; at += 8) {
        if (file.mapped().get(ValueLayout.JAVA_LONG, at) != at * 0x9e3779b97f4a7c15L) {
          throw new AssertionError("other contents at " + at);
        }
      }
    }
  }

  private static MigrateVm request(String main, long mainBytes, String... subs) {
    List<SubShare> shares = Arrays.stream(subs).map(host -> new SubShare(host, 0)).toList();
    return new MigrateVm(main, mainBytes, shares, null, 0, 0, 0, null, false);
  }

  private void rearrange(long mainBytes, String... subs) throws Exception {
    MigrationReport first = agent("h1").migrate("db", request("h1", mainBytes, subs));
    MigrationReport last =
        await()
            .atMost(PATIENCE)
            .until(() -> agent("h1").migration(first.id()), r -> r.state().isOver());
    assertThat(last.state()).as(last.reason()).isEqualTo(MigrationState.DONE);
    List<String> now = agent("h1").vm("db").subs().stream().map(VmReport.Sub::host).toList();
    assertThat(now).containsExactly(subs);
  }

  @Test
  void aStartThatFailsGivesBackWhatItsSubHostsGranted() throws Exception {
    List<SubShare> subs = List.of(new SubShare("h2", 0), new SubShare("h3", 0));
    String none = folder.resolve("none.raw").toString();
    assertThatThrownBy(() -> agent("h1").start(start(128 * MIB, none, subs)))
        .hasMessageContaining("none.raw");
    assertNothingIsPromised();
    assertThatThrownBy(() -> agent("h1").start(start(512 * MIB, none, subs)))
        .isInstanceOfSatisfying(
            OperationException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CAPACITY));
    assertNothingIsPromised();
    assertThat(agent("h1").start(start(128 * MIB, null, subs)).subs()).hasSize(2);
    agent("h1").stop("big");
    assertNothingIsPromised();
  }

  private static StartVm start(long bytes, String disk, List<SubShare> subs) {
    return new StartVm("big", bytes, 1, null, disk, null, null, null, "tcg", null, 32 * MIB, subs);
  }

  private void assertNothingIsPromised() throws Exception {
    for (String host : HOSTS) {
      assertThat(agent(host).host().freeBytes()).as(host).isEqualTo(80 * MIB);
      assertThat(agent(host).host().shares()).as(host).isEmpty();
      assertThat(agent(host).host().vms()).as(host).isEmpty();
    }
  }
}
