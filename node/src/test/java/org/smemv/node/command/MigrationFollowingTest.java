package org.smemv.node.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ApiServer;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.FakeHost;
import org.smemv.node.api.MigrationFollower;
import org.smemv.node.api.OperationException;

/** Commands that follow a migration to its end, against host h1 behind a real socket. */
@Timeout(30)
class MigrationFollowingTest extends CommandRuns {
  @TempDir Path directory;
  private final FakeHost h1 = new FakeHost("h1");
  private final List<ApiServer> servers = new ArrayList<>();

  @BeforeEach
  void serve() throws IOException {
    serve("h1", h1);
    h1.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
  }

  /** The only host that the commands know. */
  private void serve(String name, FakeHost host) throws IOException {
    Path socket = directory.resolve(name + "/api.sock");
    servers.add(ApiServer.start(socket, name, host));
    hostsFile = directory.resolve("hosts.json");
    Files.writeString(
        hostsFile,
        "[{\"name\":\"%s\",\"api\":\"unix:%s\",\"data\":\"127.0.0.1:7400\"}]"
            .formatted(name, socket));
  }

  @AfterEach
  void stop() {
    servers.forEach(ApiServer::close);
  }

  @Test
  void aMigrationIsFollowedOnWhenItsAgentWasAwayForAMoment() throws IOException {
    FakeHost shaky =
        new FakeHost("h4") {
          @Override
          public void follow(String id, long after, MigrationFollower follower)
              throws OperationException {
            requests.add(after);
            follower.happened(event((int) after));
            throw new OperationException(ErrorCode.FAILED, "this breaks the connection off");
          }
        };
    shaky.vms.put("vm4", FakeHost.vmReport("vm4", "h4"));
    shaky.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
    shaky.progress.add(FakeHost.migrationReport(MigrationState.PAUSE, null));
    shaky.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
    serve("h4", shaky);
    assertThat(smemv("vm", "migrate", "vm4", "--main", "h2")).as(err.toString()).isZero();
    assertThat(out.toString()).contains("COPY", "PAUSE", "VM vm1 moved");
    assertThat(shaky.requests.subList(1, 4)).containsExactly(0L, 1L, 2L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"vm cancel vm1", "vm migration cancel vm1", "vm migration cancel m1"})
  void aCancelledMigrationIsFollowedUntilTheVmIsBack(String command) {
    assertThat(smemv(command.split(" "))).as(err.toString()).isZero();
    assertThat(h1.requests).containsExactly("cancel m1");
    assertThat(out.toString()).contains("VM vm1 was not moved and goes on at h1: cancelled");
  }

  @ParameterizedTest
  @ValueSource(strings = {"vm cancel vm1", "vm migration cancel vm1"})
  void aCancellationThatTheCommitWasFasterThanIsRefused(String command) throws IOException {
    h1.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
    assertThat(smemv((command + " --json").split(" "))).isEqualTo(5);
    assertThat(err.toString()).contains("too late", "DONE");
    List<String> lines = out.toString().lines().toList();
    assertThat(new ObjectMapper().readTree(lines.getLast()).path("code").asText())
        .isEqualTo("BUSY");
  }

  @Test
  void aVmThatIsNotMovedCannotBeCancelled() {
    h1.progress.clear();
    assertThat(smemv("vm", "cancel", "vm1")).isEqualTo(4);
    assertThat(err.toString()).contains("no host knows migration vm1");
    assertThat(h1.requests).isEmpty();
  }
}
