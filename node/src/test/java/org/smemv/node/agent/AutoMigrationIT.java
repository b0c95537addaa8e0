package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.linux.JavaCommand;
import org.smemv.linux.MemoryMount;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.ApiClient;
import org.smemv.node.api.DirectoryClient;
import org.smemv.node.api.DirectoryHost;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.DirectoryVm;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.VmReport;
import org.smemv.node.command.SmemvCommand;
import picocli.CommandLine;

/** Real agents and a real directory, on the loopback interface, with a VM that runs its BIOS. */
@Timeout(180)
class AutoMigrationIT {
  private static final long MIB = 1L << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  @TempDir Path folder;
  private final Map<String, Process> processes = new LinkedHashMap<>();
  private final List<String> hosts = new ArrayList<>();
  private int directoryPort;

  /** Of h1. */
  private int dataPort;

  private DirectoryClient directory;
  private boolean started;

  @BeforeEach
  void start() throws IOException {
    directoryPort = freePort();
    directory = new DirectoryClient(api());
    startDirectory();
    int[] mebibytes = {100, 60, 50, 40};
    Map<String, Integer> ports = new LinkedHashMap<>();
    List<String> entries = new ArrayList<>();
    for (int i = 0; i < mebibytes.length; i++) {
      String name = "h" + (i + 1);
      ports.put(name, freePort());
      hosts.add(name);
      entries.add(
          "{\"name\":\"%s\",\"api\":\"unix:%s\",\"data\":\"127.0.0.1:%d\"}"
              .formatted(name, folder.resolve(name + "/api.sock"), ports.get(name)));
    }
    Files.writeString(hostsFile(), "{\"directory\":\"" + api() + "\",\"hosts\":" + entries + "}");
    for (int i = 0; i < mebibytes.length; i++) {
      startAgent(hosts.get(i), ports.get(hosts.get(i)), mebibytes[i], "1mbit");
    }
    dataPort = ports.get("h1");
    await().atMost(PATIENCE).ignoreExceptions().until(() -> directory.hosts().size() == 4);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private ApiAddress api() {
    return ApiAddress.parse("--api", "unix:" + folder.resolve("d/api.sock"));
  }

  private Path hostsFile() {
    return folder.resolve("hosts.json");
  }

  private void startDirectory() throws IOException {
    start("directory", "directory", "--api", api(), "--data", "127.0.0.1:" + directoryPort);
  }

  private void startAgent(String name, int port, int mebibytes, String linkRate)
      throws IOException {
    start(
        name,
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
        mebibytes + "M",
        "--link-rate",
        linkRate,
        "--directory",
        "127.0.0.1:" + directoryPort);
  }

  private void start(String name, Object... arguments) throws IOException {
    List<String> flags = List.of("-Xmx96m", "-XX:TieredStopAtLevel=1");
    List<String> command = JavaCommand.of(SmemvCommand.class, flags, arguments);
    processes.put(
        name,
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve(name + ".log").toFile()))
            .start());
  }

  @AfterEach
  void end() throws Exception {
    if (started) {
      smemv("vm", "stop", "web");
    }
    for (Process process : processes.values()) {
      process.destroyForcibly();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    for (String host : hosts) {
      MemoryMount.remove(folder.resolve(host + "-state/ram"));
    }
  }

  private String smemv(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--hosts-file", hostsFile().toString()));
    all.addAll(Arrays.asList(arguments));
    StringWriter said = new StringWriter();
    CommandLine command = SmemvCommand.commandLine();
    command.setOut(new PrintWriter(said)).setErr(new PrintWriter(said));
    int exit = command.execute(all.toArray(String[]::new));
    return said + "exit code " + exit;
  }

  private ApiClient agent(String name) throws IOException {
    return new ApiClient(HostsFile.read(hostsFile()).host(name).orElseThrow());
  }

  private void startVm() throws Exception {
    agent("h1").start(new StartVm("web", 64 * MIB, 1, null, null, null, null, null, "tcg", null));
    started = true;
    await().atMost(PATIENCE).until(() -> where("web").equals("h1"));
  }

  private String where(String vm) throws OperationException {
    return directory.vms().stream()
        .filter(row -> row.name().equals(vm))
        .map(DirectoryVm::host)
        .findFirst()
        .orElse("nowhere");
  }

  @Test
  void aVmThatFitsNowhereMovesToTheLargestHostAndTheFewestSubHosts() throws Exception {
    startVm();
    assertThat(smemv("vm", "migrate", "web", "--auto", "--dry-run"))
        .containsPattern("h2\\s+main\\s+60M")
        .containsPattern("h4\\s+sub\\s+7.8M.*alone holds")
        .contains("by the link of h1", "exit code 0");
    assertThat(smemv("host", "drain", "h4")).contains("exit code 0");
    await().atMost(PATIENCE).until(() -> directory.hosts().get(3).draining());

    assertThat(smemv("vm", "migrate", "web", "--auto"))
        .contains("VM web moved from h1", "exit code 0");
    // Its next heartbeat says so; until then the directory has it as arriving there.
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(smemv("vm", "list")).containsPattern("web\\s+h2\\s+RUNNING"));
    assertThat(agent("h3").host().shares()).hasSize(1);
    assertThat(agent("h4").host().shares()).isEmpty();
    assertThat(smemv("vm", "start", "x", "--host", "h4", "--memory", "8M"))
        .contains("host h4 is draining", "exit code 5");
  }

  @Test
  void aMigrationGoesOnWhileTheDirectoryIsKilledAndListsAskEveryHost() throws Exception {
    startVm();
    DirectoryPlan plan = directory.plan(new PlanWish("web", null, null, null, 0, 0, true, 0));
    List<SubShare> subs =
        plan.targets().stream().skip(1).map(t -> new SubShare(t.host(), t.bytes())).toList();
    DirectoryPlan.Target main = plan.targets().getFirst();
    MigrationReport first =
        agent("h1")
            .migrate(
                "web",
                new MigrateVm(
                    main.host(),
                    main.bytes(),
                    subs,
                    MigrationMode.PRECOPY,
                    300,
                    0,
                    0,
                    null,
                    false));
    processes.get("directory").destroyForcibly().waitFor();
    await()
        .atMost(PATIENCE)
        .until(() -> agent("h1").migration(first.id()).state() == MigrationState.DONE);
    assertThat(smemv("vm", "list"))
        .contains("the directory is unreachable", "exit code 0")
        .containsPattern("web\\s+h2\\s+RUNNING");

    startDirectory();
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () ->
                directory.hosts().stream().noneMatch(DirectoryHost::lost)
                    && directory.hosts().size() == 4
                    && where("web").equals("h2"));
  }

  /** Its link is twice as fast as that of any other host: one alone does not take what it gives. */
  @Test
  void aHostIsLeftFastOverAsManyHostsAsItsLinkCanFeed() throws Exception {
    processes.get("h1").destroyForcibly().waitFor();
    startAgent("h1", dataPort, 100, "2mbit");
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> directory.hosts().getFirst().linkBytesPerSecond() == 250_000);
    startVm();
    assertThat(smemv("vm", "migrate", "web", "--auto", "--fast", "--dry-run"))
        .containsPattern("h2\\s+main.*of what h1 gives, by its link of 1 Mbit/s")
        .containsPattern("h3\\s+sub.*gets its part while the others get theirs")
        .contains("exit code 0");

    assertThat(smemv("host", "drain", "h1", "--fast")).contains("exit code 0");
    await().atMost(PATIENCE).until(() -> where("web").equals("h2"));
    assertThat(agent("h2").vm("web").subs()).extracting(VmReport.Sub::host).contains("h3");
    assertThat(agent("h1").host().freeBytes()).isEqualTo(100 * MIB);

    // Gathered later: it is whole again where there is room for all of it.
    assertThat(smemv("host", "undrain", "h1")).contains("exit code 0");
    await().atMost(PATIENCE).until(() -> !directory.hosts().getFirst().draining());
    assertThat(smemv("vm", "migrate", "web", "--auto")).contains("moved from h2", "exit code 0");
    await().atMost(PATIENCE).until(() -> where("web").equals("h1"));
    assertThat(agent("h3").host().shares()).isEmpty();
  }
}
