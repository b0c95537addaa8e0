package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.groups.Tuple.tuple;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.DirectoryClient;
import org.smemv.node.api.DirectoryHost;
import org.smemv.node.api.DirectoryVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.directory.Beats;
import org.smemv.node.directory.DirectoryDaemon;

/** Agents' heartbeats and a directory, over real connections and with the real clock. */
@Timeout(60)
class HeartbeatsTest {
  @TempDir Path folder;
  private DirectoryDaemon daemon;
  private DirectoryClient client;

  @BeforeEach
  void start() throws IOException {
    start(new InetSocketAddress("127.0.0.1", 0));
  }

  private void start(InetSocketAddress at) throws IOException {
    ApiAddress api = ApiAddress.parse("--api", "unix:" + folder.resolve("d/api.sock"));
    daemon = DirectoryDaemon.start(at, api);
    client = new DirectoryClient(api);
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  private Heartbeats agent(String name, String data, long free) {
    return Heartbeats.start(
        name,
        daemon.address(),
        (directory, number) ->
            Beats.host(name, data, 1000, number, free, Beats.vm("vm-" + name, 64)));
  }

  private List<String> names(boolean lost) throws OperationException {
    return client.hosts().stream()
        .filter(host -> host.lost() == lost)
        .map(DirectoryHost::name)
        .toList();
  }

  @Test
  void aHostThatStopsIsShownAsLostWithinSixSeconds() throws Exception {
    try (Heartbeats staying = agent("h1", "10.0.0.1:7400", 100)) {
      Heartbeats leaving = agent("h2", "10.0.0.2:7400", 200);
      await().until(() -> names(false).equals(List.of("h1", "h2")));
      assertThat(client.vms())
          .extracting(DirectoryVm::name, DirectoryVm::host)
          .containsExactly(tuple("vm-h1", "h1"), tuple("vm-h2", "h2"));
      leaving.close();
      long stopped = System.nanoTime();
      await().atMost(Duration.ofSeconds(8)).until(() -> names(true).equals(List.of("h2")));
      assertThat(Duration.ofNanos(System.nanoTime() - stopped)).isLessThan(Duration.ofSeconds(6));
      assertThat(names(false)).containsExactly("h1");
      assertThat(staying).isNotNull();
    }
  }

  @Test
  void aDirectoryThatIsRestartedKnowsTheHostsAgainByTheirNextHeartbeats() throws Exception {
    try (Heartbeats h1 = agent("h1", "10.0.0.1:7400", 100);
        Heartbeats h2 = agent("h2", "10.0.0.2:7400", 200)) {
      await().until(() -> names(false).size() == 2);
      InetSocketAddress at = daemon.address();
      daemon.close();
      OperationException away =
          catchThrowableOfType(OperationException.class, () -> client.hosts());
      assertThat(away.code()).isEqualTo(ErrorCode.UNREACHABLE_HOST);
      start(at);
      await().atMost(Duration.ofSeconds(4)).until(() -> names(false).equals(List.of("h1", "h2")));
      assertThat(client.plan(wish(false)).targets().getFirst().host()).isEqualTo("h2");
      assertThat(List.of(h1, h2)).hasSize(2);
    }
  }

  private static PlanWish wish(boolean fresh) {
    return new PlanWish("vm-h1", null, null, null, 0, 0, fresh, 0);
  }

  @Test
  void aPlanWithFreshFiguresWaitsForTheNextHeartbeatOfEachHost() throws Exception {
    AtomicLong free = new AtomicLong(100);
    try (Heartbeats h1 = agent("h1", "10.0.0.1:7400", 100);
        Heartbeats h2 =
            Heartbeats.start(
                "h2",
                daemon.address(),
                (directory, number) ->
                    Beats.host("h2", "10.0.0.2:7400", 1000, number, free.get()))) {
      await().until(() -> names(false).size() == 2);
      assertThat(client.plan(wish(false)).targets().getFirst().host()).isEqualTo("h2");
      free.set(10);
      OperationException refused =
          catchThrowableOfType(OperationException.class, () -> client.plan(wish(true)));
      assertThat(refused.code()).isEqualTo(ErrorCode.CAPACITY);
      assertThat(List.of(h1, h2)).hasSize(2);
    }
  }

  /** A host that falls silent for good is lost to every plan. */
  @Test
  void anAgentThatLacksMemoryForOneHeartbeatSendsTheNext() {
    AtomicLong asked = new AtomicLong();
    try (Heartbeats h1 =
        Heartbeats.start(
            "h1",
            daemon.address(),
            (directory, number) -> {
              if (asked.incrementAndGet() == 1) {
                throw new OutOfMemoryError("no more");
              }
              return Beats.host("h1", "10.0.0.1:7400", 1000, number, 100);
            })) {
      await().until(() -> names(false).equals(List.of("h1")));
      assertThat(h1.trouble()).isNull();
    }
  }

  @Test
  void theSecondAgentOfANameIsNotListedAndTheFirstStays() throws Exception {
    try (Heartbeats first = agent("h1", "10.0.0.1:7400", 100)) {
      await().until(() -> names(false).size() == 1);
      try (Heartbeats second = agent("h1", "10.0.0.9:7400", 900)) {
        await().until(() -> second.trouble() != null && second.trouble().contains("two agents"));
        assertThat(second.trouble()).contains("10.0.0.1:7400", "10.0.0.9:7400");
        assertThat(client.hosts()).extracting(DirectoryHost::data).containsExactly("10.0.0.1:7400");
        assertThat(first.trouble()).isNull();
      }
    }
  }

  @Test
  void badWishesAreRefusedByTheServerToo() {
    OperationException unknown =
        catchThrowableOfType(OperationException.class, () -> client.plan(wish(false)));
    assertThat(unknown.code()).isEqualTo(ErrorCode.NOT_FOUND);
  }
}
