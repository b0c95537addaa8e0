package org.smemv.node.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ApiServer;
import org.smemv.node.api.AttachVm;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.FakeHost;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.NetRequest;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;
import org.smemv.node.api.SetMainMemory;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import picocli.CommandLine;

/** The whole command line against hosts h1 and h2 behind real sockets; h3's agent is dead. */
@Timeout(30)
class SmemvCommandTest {
  @TempDir Path directory;
  private final FakeHost h1 = new FakeHost("h1");
  private final FakeHost h2 = new FakeHost("h2");
  private final List<ApiServer> servers = new ArrayList<>();
  private Path hostsFile;
  private StringWriter out;
  private StringWriter err;

  @BeforeEach
  void serve() throws IOException {
    servers.add(ApiServer.start(directory.resolve("h1/api.sock"), "h1", h1));
    servers.add(ApiServer.start(directory.resolve("h2/api.sock"), "h2", h2));
    hostsFile = directory.resolve("hosts.json");
    writeHosts("h1", "h2");
    h1.vms.put("vm1", FakeHost.vmReport("vm1", "h1"));
    h1.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
  }

  private void writeHosts(String... names) throws IOException {
    List<String> entries = new ArrayList<>();
    for (String name : names) {
      entries.add(
          "{\"name\":\"%s\",\"api\":\"unix:%s/api.sock\",\"data\":\"127.0.0.1:7400\"}"
              .formatted(name, directory.resolve(name)));
    }
    Files.writeString(hostsFile, entries.toString());
  }

  @AfterEach
  void stop() {
    servers.forEach(ApiServer::close);
  }

  private int smemv(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--hosts-file", hostsFile.toString()));
    all.addAll(Arrays.asList(arguments));
    out = new StringWriter();
    err = new StringWriter();
    CommandLine command = SmemvCommand.commandLine();
    command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return command.execute(all.toArray(String[]::new));
  }

  private JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out.toString());
  }

  @Test
  void startSendsEverythingThatWasAskedFor() {
    int code =
        smemv(
            ("vm start vm2 --host h2 --memory 1G --cpus 2 --net"
                    + " bridge=br0,mac=52:54:00:AA:BB:CC --disk /d.img --kernel /k --initrd /i"
                    + " --append quiet --accel tcg -- -cpu max")
                .split(" "));
    assertThat(code).as(err.toString()).isZero();
    assertThat(h2.requests)
        .containsExactly(
            new StartVm(
                "vm2",
                1L << 30,
                2,
                new NetRequest("br0", "52:54:00:aa:bb:cc"),
                "/d.img",
                "/k",
                "/i",
                "quiet",
                "tcg",
                List.of("-cpu", "max")));
    assertThat(out.toString()).contains("VM vm2 runs on h2 with 1G");
  }

  @Test
  void attachSendsPidAndSocket() {
    assertThat(smemv("vm", "attach", "vm9", "--host", "h2", "--pid", "77", "--qmp", "/q")).isZero();
    assertThat(h2.requests).containsExactly(new AttachVm("vm9", 77, "/q"));
  }

  @Test
  void migrateFindsTheVmFollowsItAndEndsWithASummary() {
    h1.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
    int code =
        smemv(
            ("vm migrate vm1 --main h2 --main-memory 512M --sub h3 --sub h4:256M --downtime-limit"
                    + " 50 --max-bandwidth 1gbit --timeout 60 --on-timeout force")
                .split(" "));
    assertThat(code).as(err.toString()).isZero();
    assertThat(h1.requests)
        .containsExactly(
            new MigrateVm(
                "h2",
                512L << 20,
                List.of(new SubShare("h3", 0), new SubShare("h4", 256L << 20)),
                MigrationMode.PRECOPY,
                50,
                125_000_000,
                60,
                TimeoutAction.FORCE,
                false));
    assertThat(out.toString())
        .contains("COPY", "59%", "round 3")
        .contains("VM vm1 moved from h1")
        .contains("downtime 21 ms")
        .containsPattern("h2\\s+main\\s+90000\\s+400M\\s+500");
  }

  @Test
  void withoutAMainHostTheVmStaysAndItsMemoryAloneIsPlacedAnew() {
    h1.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
    assertThat(smemv("vm migrate vm1 --main-memory 512M --sub h3".split(" ")))
        .as(err.toString())
        .isZero();
    assertThat(h1.requests)
        .contains(
            new MigrateVm(
                "h1",
                512L << 20,
                List.of(new SubShare("h3", 0)),
                MigrationMode.PRECOPY,
                300,
                0,
                0,
                TimeoutAction.ABORT,
                false));
  }

  @Test
  void migrateAsJsonIsOneObjectALineAndTheLastIsTheResult() throws IOException {
    h1.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
    assertThat(smemv("vm", "migrate", "vm1", "--main", "h2", "--json")).isZero();
    List<String> lines = out.toString().lines().toList();
    assertThat(lines).hasSizeGreaterThanOrEqualTo(2);
    ObjectMapper mapper = new ObjectMapper();
    assertThat(mapper.readTree(lines.getFirst()).path("state").asText()).isEqualTo("COPY");
    assertThat(mapper.readTree(lines.getLast()).path("state").asText()).isEqualTo("DONE");
    assertThat(mapper.readTree(lines.getLast()).at("/targets/1/role").asText()).isEqualTo("sub");
  }

  @Test
  void aDryRunPrintsThePlan() {
    assertThat(smemv("vm", "migrate", "vm1", "--main", "h2", "--dry-run")).isZero();
    assertThat(out.toString())
        .contains("Plan for VM vm1: 1G from h1")
        .containsPattern("h2\\s+main\\s+512M\\s+600M")
        .contains("downtime limit 300 ms");
  }

  @Test
  void anAbortedMigrationFailsAndSaysWhereTheVmIsSafe() {
    h1.progress.add(FakeHost.migrationReport(MigrationState.ABORTED, "host h3 is full"));
    assertThat(smemv("vm", "migrate", "vm1", "--main", "h2")).isEqualTo(1);
    assertThat(out.toString()).contains("goes on at h1: host h3 is full");
  }

  @Test
  void aStalledMigrationHasItsOwnExitCode() {
    h1.progress.add(FakeHost.migrationReport(MigrationState.STALLED, "host h3 is gone"));
    assertThat(smemv("vm", "migrate", "vm1", "--main", "h2")).isEqualTo(6);
    assertThat(out.toString()).contains("stalled: host h3 is gone");
  }

  @Test
  void aMigrationIsFoundByItsVmShownAndFollowed() {
    assertThat(smemv("vm", "migration", "status", "vm1")).isZero();
    assertThat(out.toString()).contains("migration m1 from h1 in COPY");
    h1.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
    assertThat(smemv("vm", "migration", "watch", "m1")).isZero();
    assertThat(out.toString()).contains("moved from h1");
    assertThat(smemv("vm", "migration", "status", "nothing")).isEqualTo(4);
  }

  @Test
  void statusShowsWhereTheMemoryIs() {
    assertThat(smemv("vm", "status", "vm1")).isZero();
    assertThat(out.toString())
        .contains("VM vm1 on h1: RUNNING")
        .contains("resident 400M of 512M allowed, zero 100M")
        .contains("faults 1000 (zero 200, remote 800)", "p99 420 us")
        .contains("evictions 700 (zeros 50, late writes 1)")
        .containsPattern("h4\\s+224M\\s+UNREACHABLE");
  }

  @Test
  void statusAsJsonHasTheReportsFields() throws IOException {
    assertThat(smemv("--json", "vm", "status", "vm1")).isZero();
    assertThat(json().path("residentBytes").asLong()).isEqualTo(400L << 20);
    assertThat(json().at("/subs/0/host").asText()).isEqualTo("h3");
  }

  @Test
  void listsCoverAllHosts() throws IOException {
    h2.vms.put("vm2", FakeHost.vmReport("vm2", "h2"));
    assertThat(smemv("vm", "list")).isZero();
    assertThat(out.toString())
        .containsPattern("vm1\\s+h1\\s+RUNNING\\s+1G\\s+400M\\s+524M")
        .containsPattern("vm2\\s+h2");
    assertThat(smemv("host", "list")).isZero();
    assertThat(out.toString()).containsPattern("h1\\s+512M\\s+112M\\s+100M\\s+300M\\s+1\\s+vm1");
    assertThat(smemv("host", "list", "--json")).isZero();
    assertThat(json()).hasSize(2);
  }

  @Test
  void aHostIsMarkedAsDrainingAndTakesVmsAgain() throws OperationException {
    assertThat(smemv("host", "drain", "h2", "--no-wait", "--at-once", "5", "--mode", "hybrid"))
        .isZero();
    assertThat(out.toString()).contains("host h2 is draining", "0 VMs and parts of 1");
    assertThat(h2.requests).contains(new SetDraining(true, 5, MigrationMode.HYBRID, false));
    assertThat(smemv("host", "list")).isZero();
    assertThat(out.toString()).containsPattern("h1 .*up").containsPattern("h2 .*draining");
    assertThat(smemv("host", "undrain", "h2")).isZero();
    assertThat(h2.host().draining()).isFalse();
    assertThat(smemv("host", "drain", "h9")).isEqualTo(4);
    assertThat(smemv("host", "drain", "h2", "--at-once", "65")).isEqualTo(2);
    assertThat(smemv("host", "drain", "h2", "--fast", "--mode", "postcopy")).isEqualTo(2);
    assertThat(h2.host().draining()).isFalse();
  }

  @Test
  void aDrainIsFollowedUntilTheHostIsEmpty() {
    h2.drains.add(drain(DrainReport.State.MOVING, DrainReport.ItemState.WAITING, null));
    h2.drains.add(drain(DrainReport.State.MOVING, DrainReport.ItemState.MOVING, null));
    h2.drains.add(drain(DrainReport.State.EMPTY, DrainReport.ItemState.MOVED, null));
    assertThat(smemv("host", "drain", "h2")).isZero();
    assertThat(out.toString())
        .containsSubsequence("VM vm1 waits", "VM vm1 moves to h3", "VM vm1 has moved to h3")
        .contains("host h2 is empty");
  }

  @Test
  void aDrainThatDoesNotGoOnEndsWithWhatIsLeftAndWhy() {
    String why = "no host has 1 GiB free";
    h2.drains.add(drain(DrainReport.State.STUCK, DrainReport.ItemState.FAILED, why));
    assertThat(smemv("host", "drain", "h2")).isEqualTo(1);
    assertThat(out.toString()).contains("VM vm1 was not moved: " + why + "; next try in 30 s");
    assertThat(err.toString()).contains("host h2 is not empty", "VM vm1", "smemv host undrain h2");
  }

  @Test
  void aDrainThatSomebodyEndsIsNotFollowedAnyMore() {
    h2.drains.add(drain(DrainReport.State.OFF, DrainReport.ItemState.MOVING, null));
    assertThat(smemv("host", "drain", "h2")).isEqualTo(1);
    assertThat(err.toString()).contains("host h2 is not draining any more");
  }

  private static DrainReport drain(
      DrainReport.State state, DrainReport.ItemState item, String reason) {
    return FakeHost.drainReport("h2", state, item, reason);
  }

  @Test
  void anUnreachableHostIsAWarningForListsAndTheRestIsShown() throws IOException {
    writeHosts("h1", "h3");
    assertThat(smemv("vm", "list")).isZero();
    assertThat(out.toString()).contains("vm1");
    assertThat(err.toString()).contains("warning: host h3 is unreachable");
  }

  @Test
  void aVmThatNoAnsweringHostKnowsMayBeOnTheSilentOne() throws IOException {
    writeHosts("h1", "h3");
    assertThat(smemv("vm", "status", "vm7")).isEqualTo(3);
    assertThat(err.toString()).contains("unreachable: h3");
  }

  @Test
  void stopAndSetMainMemoryReachTheVm() {
    assertThat(smemv("vm", "set-main-memory", "vm1", "256M")).isZero();
    assertThat(h1.requests).containsExactly(new SetMainMemory(256L << 20));
    assertThat(smemv("vm", "stop", "vm1")).isZero();
    assertThat(h1.vms).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "CAPACITY, 5", "UNSUITABLE, 5", "BUSY, 5", "ALREADY_EXISTS, 5", "UNREACHABLE_HOST, 3",
    "STALLED, 6", "FAILED, 1", "INTERNAL, 1", "NOT_FOUND, 4", "BAD_REQUEST, 2"
  })
  void everyErrorOfAHostHasItsExitCode(ErrorCode code, int exit) throws IOException {
    h1.failWith(code, "told by h1");
    assertThat(smemv("vm", "migrate", "vm1", "--main", "h2", "--json")).isEqualTo(exit);
    assertThat(err.toString()).contains("told by h1");
    assertThat(json().path("code").asText()).isEqualTo(code.name());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vm | 2 | needs one of",
        "vm start | 2 | Missing required",
        "vm start v --host h1 --memory 1X | 2 | not a size",
        "vm start v --host h1 --memory 0 | 2 | 1 byte",
        "vm start v --host h1 --memory 5 | 2 | whole MiB",
        "vm start v --host h1 --memory 1G --cpus 0x | 2 | cpus",
        "vm start v --host h1 --memory 1G --cpus 999 | 2 | cpus",
        "vm start ../v --host h1 --memory 1G | 2 | VM name",
        "vm start v --host h9 --memory 1G | 4 | unknown host h9",
        "vm start v --host h3 --memory 1G | 4 | unknown host h3",
        "vm start v --host h1 --memory 1G --net bridge=b | 2 | mac",
        "vm start v --host h1 --memory 1G --net bridge=b,mac=x | 2 | 52:54:00",
        "vm start v --host h1 --memory 1G --initrd /i | 2 | kernel",
        "vm start v --host h1 --memory 1G -- -m 4G | 2 | --memory",
        "vm start v --host h1 --memory 1G -- -device vfio-pci | 2 | vfio-pci",
        "vm start v --host h1 --memory 1G --accel hvf | 2 | kvm or tcg",
        "vm attach v --host h1 --pid x --qmp /q | 2 | pid",
        "vm attach v --host h1 --pid 1 --qmp /q | 2 | pid",
        "vm migrate vm1 | 2 | --main",
        "vm migrate vm1 --main h1 | 2 | --main-memory",
        "vm migrate vm1 --main h1 --sub h3 --timeout 5 | 2 | leave out --timeout",
        "vm migrate vm1 --sub h3 --downtime-limit 300 | 2 | leave out --downtime-limit",
        "vm migrate vm1 --main h2 --sub h2 | 2 | h2",
        "vm migrate vm1 --main h2 --sub h3 --sub h3 | 2 | twice",
        "vm migrate vm1 --main h2 --sub h3:big | 2 | HOST:SIZE",
        "vm migrate vm1 --main h2 --main-memory 1000 | 2 | 4096",
        "vm migrate vm1 --main h2 --downtime-limit -1 | 2 | downtime limit",
        "vm migrate vm1 --main h2 --downtime-limit 0 | 2 | downtime-limit",
        "vm migrate vm1 --main h2 --max-bandwidth fast | 2 | not a rate",
        "vm migrate vm1 --main h2 --max-bandwidth 1k | 2 | 125000",
        "vm migrate vm1 --main h2 --timeout -5 | 2 | timeout",
        "vm migrate vm1 --main h2 --on-timeout wait | 2 | on-timeout",
        "vm migrate vm7 --main h2 | 4 | no host knows VM vm7",
        "vm set-main-memory vm1 12 | 2 | 4096",
        "vm status vm1 --host h9 | 4 | unknown host",
        "vm status vm7 --host h1 | 4 | no VM vm7",
        "vm nonsense | 2 | nonsense",
        "agent --name h1 | 2 | Missing required",
        "agent --name / --data 1.2.3.4:5 --api unix:/a --state /s --capacity 1G | 2 | --name",
        "agent --name h1 --data x:5 --api unix:/a --state /s --capacity 1G | 2 | IP address",
        "agent --name h1 --data 1.2.3.4:5 --api /a --state /s --capacity 1G | 2 | unix:",
        "agent --name h1 --data 1.2.3.4:5 --api http://1.2.3.4:5 --state /s --capacity 1G | 2 | no"
            + " authentication",
        "agent --name h1 --data 1.2.3.4:5 --api unix:/a --state /s --capacity 5 | 2 | 4096",
      })
  void badInputEndsWithItsExitCodeAndChangesNothing(String arguments, int exit, String word) {
    assertThat(smemv(arguments.split(" "))).as(err.toString()).isEqualTo(exit);
    assertThat(err.toString()).contains(word);
    assertThat(h1.requests).isEmpty();
    assertThat(h2.requests).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--json vm | needs one of",
        "vm migrate vm1 --json | --main",
        "--json vm migrate vm1 --main h2 --main-memory big | not a size",
        "vm migrate vm1 --main h2 --downtime-limit 0 --json | downtime-limit",
        "vm start v --host h1 --memory 5 --json -- -cpu max | whole MiB",
        "vm nonsense --json | nonsense",
      })
  void aUsageErrorIsJsonWhereJsonIsWanted(String arguments, String word) throws IOException {
    assertThat(smemv(arguments.split(" "))).isEqualTo(2);
    assertThat(json().path("code").asText()).isEqualTo("BAD_REQUEST");
    assertThat(json().path("message").asText()).contains(word);
    assertThat(err.toString()).contains(word).doesNotContain("Usage:");
  }

  @Test
  void jsonBehindTheEndOfTheOptionsIsQemus() {
    assertThat(smemv("vm start v --host h1 --memory 5 -- --json".split(" "))).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void aMissingHostsFileIsAUsageErrorThatSaysWhatToDo() {
    assertThat(smemv("--hosts-file", "/nonexistent/hosts.json", "vm", "list")).isEqualTo(2);
    hostsFile = directory.resolve("none.json");
    assertThat(smemv("vm", "list")).isEqualTo(2);
    assertThat(err.toString()).contains("SMEMV_HOSTS");
  }

  @Test
  void theHelpListsExactlyTheExitCodesThatAreUsed() {
    String[] listed =
        new CommandLine(new SmemvCommand())
            .getCommandSpec().usageMessage().exitCodeList().entrySet().stream()
                .map(entry -> entry.getKey() + ":" + entry.getValue())
                .toArray(String[]::new);
    assertThat(listed)
        .containsExactly(
            Arrays.stream(ExitCode.values())
                .map(code -> code.number() + ":" + code.meaning())
                .toArray(String[]::new));
    assertThat(smemv("vm", "migrate", "--help")).isZero();
    assertThat(out.toString()).contains("Exit codes:", "--downtime-limit", "--json");
  }

  @Test
  void theVersionIsTheBuilds() {
    assertThat(smemv("--version")).isZero();
    assertThat(out.toString()).containsPattern("S-memV \\d+\\.\\d+\\.\\d+");
  }

  @Test
  void withoutACommandTheChoicesAreNamed() {
    assertThat(smemv()).isEqualTo(2);
    assertThat(err.toString()).contains("vm, host, agent");
  }

  @Test
  void aCompletionScriptCanBeGenerated() {
    assertThat(smemv("generate-completion")).isZero();
    assertThat(out.toString()).contains("set-main-memory");
  }
}
