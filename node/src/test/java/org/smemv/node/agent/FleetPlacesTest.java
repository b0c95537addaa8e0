package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.DirectoryClient;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.Json;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.directory.Beats;
import org.smemv.node.directory.DirectoryDaemon;
import org.smemv.node.directory.Heartbeat;
import org.smemv.node.directory.PlanQuestion;
import org.smemv.paging.BodySink;
import org.smemv.paging.HolderDirectory;
import org.smemv.paging.PageHolder;
import org.smemv.paging.PageServer;

/** Over real connections: hosts that describe themselves, and a directory. */
@Timeout(60)
class FleetPlacesTest {
  private static final long MIB = 1L << 20;
  private static final PlanQuestion VM =
      new PlanQuestion.OfVm(new PlanWish("web", null, null, null, 0, 0, false, 0));

  @TempDir Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();

  private static final class NoPages implements HolderDirectory {
    @Override
    public @Nullable PageHolder holder(UUID vm) {
      return null;
    }

    @Override
    public @Nullable BodySink bodySink(UUID vm, long epoch) {
      return null;
    }
  }

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  private InetSocketAddress host(String name, long free, boolean draining) {
    return host(name, free, draining, 0, 1);
  }

  private InetSocketAddress host(
      String name, long free, boolean draining, long reserve, long megabits) {
    HostReport report =
        new HostReport(name, 1024 * MIB, free * MIB, 0, 0, List.of(), List.of(), draining);
    Heartbeat beat =
        new Heartbeat(
            report, "10.0.0.9:7400", 1, 1, reserve * MIB, megabits * 125_000, List.of(), List.of());
    byte[] answer = Json.write(HostRequest.Reply.of(beat)).getBytes(StandardCharsets.UTF_8);
    PageServer server =
        PageServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            new PageServer.Services(new NoPages(), request -> answer),
            PageServer.Options.of(name));
    open.add(server);
    return server.address();
  }

  /** h1 is this host and has a VM of 64 MiB; nobody listens at h5. */
  private FleetPlaces places(@Nullable InetSocketAddress directory) throws IOException {
    String hosts =
        String.join(
            ",",
            entry("h1", new InetSocketAddress("127.0.0.1", 7)),
            entry("h2", host("h2", 48, false)),
            entry("h3", host("h3", 512, true)),
            entry("h4", host("h4", 256, false)),
            entry("h5", new InetSocketAddress("127.0.0.1", 9)));
    Path file = Files.writeString(folder.resolve("hosts.json"), "[" + hosts + "]");
    return new FleetPlaces("h1", file, directory, (to, number) -> own());
  }

  private static Heartbeat own() {
    return Beats.host("h1", 0, Beats.vm("web", 64));
  }

  private static String entry(String name, InetSocketAddress data) {
    return "{\"name\":\"%s\",\"api\":\"unix:/x/%s\",\"data\":\"%s\"}"
        .formatted(name, name, OwnAddress.text(data));
  }

  private static List<String> hosts(DirectoryPlan plan) {
    return plan.targets().stream().map(DirectoryPlan.Target::host).toList();
  }

  @Test
  void withoutADirectoryTheHostsThatAnswerAreAsked() throws Exception {
    Places places = places(null);
    assertThat(hosts(places.find(VM))).containsExactly("h4"); // h3 is draining, h2 too small
    PlanQuestion small = new PlanQuestion.OfShare("web", 32 * MIB, "h9", List.of("h1"), 0);
    assertThat(hosts(places.find(small))).containsExactly("h2");
    PlanQuestion notThere = new PlanQuestion.OfShare("web", 32 * MIB, "h9", List.of("h1", "h2"), 0);
    assertThat(hosts(places.find(notThere))).containsExactly("h4");
    PlanQuestion large = new PlanQuestion.OfShare("web", 280 * MIB, "h9", List.of("h1"), 0);
    assertThat(hosts(places.find(large))).containsExactly("h4", "h2");
  }

  @Test
  void theReservesAndLinksOfHostsThatAreAskedCount() throws Exception {
    String hosts =
        String.join(
            ",",
            entry("h1", new InetSocketAddress("127.0.0.1", 7)),
            entry("h2", host("h2", 100, false, 90, 1)),
            entry("h3", host("h3", 200, false, 0, 100)),
            entry("h4", host("h4", 220, false, 0, 100)));
    Path file = Files.writeString(folder.resolve("hosts.json"), "[" + hosts + "]");
    Places places =
        new FleetPlaces("h1", file, null, (to, number) -> Beats.host("h1", 0, Beats.vm("web", 64)));
    assertThat(hosts(places.find(VM))).containsExactly("h3"); // h2 leaves but 10 MiB to plans
    PlanQuestion fast =
        new PlanQuestion.OfVm(new PlanWish("web", null, null, null, 0, 0, false, 0.2));
    assertThat(hosts(places.find(fast))).containsExactly("h4", "h3");
  }

  @Test
  void aShareThatFitsNowhereIsToldWhatIsMissing() throws Exception {
    Places places = places(null);
    PlanQuestion question = new PlanQuestion.OfShare("web", 900 * MIB, "h9", List.of("h1"), 0);
    OperationException none =
        catchThrowableOfType(OperationException.class, () -> places.find(question));
    assertThat(none.code()).isEqualTo(ErrorCode.CAPACITY);
    assertThat(none).hasMessageContainingAll("the part of VM web on h9", "MiB are missing");
  }

  @Test
  void aDirectoryIsAskedAndWhileItIsAwayTheHostsAre() throws Exception {
    ApiAddress api = ApiAddress.parse("--api", "unix:" + folder.resolve("d/api.sock"));
    DirectoryDaemon daemon = DirectoryDaemon.start(new InetSocketAddress("127.0.0.1", 0), api);
    open.add(Heartbeats.start("h1", daemon.address(), (to, number) -> own()));
    open.add(
        Heartbeats.start(
            "h7",
            daemon.address(),
            (to, number) -> Beats.host("h7", "10.0.0.7:7400", 1000, number, 100)));
    DirectoryClient client = new DirectoryClient(api);
    Awaitility.await().until(() -> client.hosts().size() == 2);
    Places places = places(daemon.address());
    assertThat(hosts(places.find(VM))).containsExactly("h7");
    PlanQuestion unknown =
        new PlanQuestion.OfVm(new PlanWish("nobody", null, null, null, 0, 0, false, 0));
    OperationException none =
        catchThrowableOfType(OperationException.class, () -> places.find(unknown));
    assertThat(none.code()).isEqualTo(ErrorCode.NOT_FOUND);
    daemon.close();
    assertThat(hosts(places.find(VM))).containsExactly("h4");
  }
}
