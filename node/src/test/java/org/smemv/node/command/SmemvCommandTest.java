package org.smemv.node.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.AttachVm;
import org.smemv.node.api.FakeHost;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.NetRequest;
import org.smemv.node.api.SetMainMemory;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;

/** What the commands ask of hosts, and what they say of the answers. */
@Timeout(30)
class SmemvCommandTest extends TwoHosts {
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
  void stopAndSetMainMemoryReachTheVm() {
    assertThat(smemv("vm", "set-main-memory", "vm1", "256M")).isZero();
    assertThat(h1.requests).containsExactly(new SetMainMemory(256L << 20));
    assertThat(smemv("vm", "stop", "vm1")).isZero();
    assertThat(h1.vms).isEmpty();
  }

  @Test
  void theVersionIsTheBuilds() {
    assertThat(smemv("--version")).isZero();
    assertThat(out.toString()).containsPattern("S-memV \\d+\\.\\d+\\.\\d+");
  }

  @Test
  void aCompletionScriptCanBeGenerated() {
    assertThat(smemv("generate-completion")).isZero();
    assertThat(out.toString()).contains("set-main-memory");
  }
}
