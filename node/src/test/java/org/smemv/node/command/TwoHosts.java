package org.smemv.node.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ApiServer;
import org.smemv.node.api.FakeHost;

/** Commands for hosts h1 and h2 behind real sockets; h3's agent is dead. */
abstract class TwoHosts extends CommandRuns {
  @TempDir Path directory;
  final FakeHost h1 = new FakeHost("h1");
  final FakeHost h2 = new FakeHost("h2");
  private final List<ApiServer> servers = new ArrayList<>();

  @BeforeEach
  void serve() throws IOException {
    servers.add(ApiServer.start(directory.resolve("h1/api.sock"), "h1", h1));
    servers.add(ApiServer.start(directory.resolve("h2/api.sock"), "h2", h2));
    hostsFile = directory.resolve("hosts.json");
    writeHosts("h1", "h2");
    h1.vms.put("vm1", FakeHost.vmReport("vm1", "h1"));
    h1.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
  }

  void writeHosts(String... names) throws IOException {
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
}
