package org.smemv.node.api;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.smemv.migration.MigrationState;

/** The API of a host. */
class OpenApiTest extends OpenApiContractTest {
  private static final Map<String, List<String>> BODIES =
      Map.of(
          "POST /v1/vms",
          List.of(
              """
              {"name":"vm2","memoryBytes":1073741824,"cpus":2,
               "net":{"bridge":"br0","mac":"52:54:00:00:00:01"},"disk":"/d","kernel":"/k",
               "initrd":"/i","append":"quiet","accelerator":"tcg","extraArguments":["-cpu","max"],
               "mainMemoryBytes":536870912,"subs":[{"host":"h3","bytes":8192}]}
              """,
              "{\"name\":\"vm2\",\"memoryBytes\":1048576,\"net\":null,\"disk\":null}"),
          "POST /v1/attachments",
          List.of("{\"name\":\"vm2\",\"pid\":4711,\"qmpSocket\":\"/q\"}"),
          "PUT /v1/host/draining",
          List.of(
              "{\"draining\":true,\"atOnce\":3,\"mode\":\"precopy\",\"fast\":true}",
              "{\"draining\":false}"),
          "PUT /v1/vms/{vm}/main-memory",
          List.of("{\"bytes\":4096}"),
          "POST /v1/vms/{vm}/migrations",
          List.of(
              """
              {"mainHost":"h2","mainMemoryBytes":4096,"subs":[{"host":"h3","bytes":8192}],
               "mode":"hybrid","downtimeLimitMillis":50,"maxBandwidth":125000,"timeoutSeconds":2,"onTimeout":"force",
               "dryRun":true}
              """,
              "{\"mainHost\":\"h2\",\"subs\":[{\"host\":\"h3\"}],\"onTimeout\":null}"));

  private final FakeHost host = new FakeHost("h1");
  private ApiServer server;

  @Override
  ApiAddress serve() throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server = ApiServer.start(new ApiAddress.Loopback(any), "h1", host);
    return server.address();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  List<Route> routes() {
    return new ApiRoutes(host, new Followers(1, Duration.ofSeconds(1))).all();
  }

  @Override
  Map<String, List<String>> bodies() {
    return BODIES;
  }

  @Override
  void refill() {
    host.vms.clear();
    host.vms.put("vm1", FakeHost.vmReport("vm1", "h1"));
    host.progress.clear();
    host.progress.add(FakeHost.migrationReport(MigrationState.COPY, null));
    host.progress.add(FakeHost.migrationReport(MigrationState.DONE, null));
    host.succeed();
  }

  @Override
  void failAllWith(ErrorCode code) {
    host.failAllWith(code, "told by a test");
  }

  @Override
  Map<String, Enum<?>[]> enumerations() {
    return Map.of(
        "MigrationReport.state",
        MigrationState.values(),
        "VmReport.state",
        VmState.values(),
        "StartReport.state",
        StartReport.State.values(),
        "DrainReport.state",
        DrainReport.State.values(),
        "DrainItem.state",
        DrainReport.ItemState.values(),
        "DrainItem.kind",
        DrainReport.Kind.values());
  }
}
