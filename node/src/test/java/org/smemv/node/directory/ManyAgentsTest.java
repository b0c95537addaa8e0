package org.smemv.node.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.Json;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageLink;
import org.smemv.paging.PageLinkException;

/** A directory and the heartbeats of thousands of agents, each on a connection of its own. */
@Timeout(120)
class ManyAgentsTest {
  private static final int AGENTS = Integer.getInteger("smemv.agents", 2000);
  private static final int ROUNDS = Integer.getInteger("smemv.agents.rounds", 1);
  private static final int AT_ONCE = 32;
  private static final Duration ANSWER = Duration.ofSeconds(10);
  private static final OperatingSystemMXBean PROCESS =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  @TempDir Path folder;
  private final HostDirectory directory = new HostDirectory();
  private DirectoryDaemon daemon;

  @BeforeEach
  void start() throws IOException {
    ApiAddress api = ApiAddress.parse("--api", "unix:" + folder.resolve("d/api.sock"));
    daemon = DirectoryDaemon.start(new InetSocketAddress("127.0.0.1", 0), api, directory);
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  private static Heartbeat beat(int agent, long number) {
    String data = "10.%d.%d.1:7400".formatted(agent >> 8, agent & 255);
    return Beats.host("h" + agent, data, 1000, number, 1024, Beats.vm("vm" + agent, 64));
  }

  /** As an agent does it. */
  private void tell(Heartbeat beat) {
    LinkTarget target = LinkTarget.control(daemon.address(), beat.name(), ANSWER);
    try (PageLink link = PageLink.open(target)) {
      link.control(Json.write(beat).getBytes(StandardCharsets.UTF_8), ANSWER);
    }
  }

  @Test
  void thousandsOfAgentsAreHeardWithFewThreadsAndLittleMemory() throws Exception {
    for (int round = 1; round <= ROUNDS; round++) {
      long begun = System.nanoTime();
      long busy = PROCESS.getProcessCpuTime();
      int most = tellAll(AT_ONCE, round);
      double seconds = (System.nanoTime() - begun) / 1e9;
      double each = (PROCESS.getProcessCpuTime() - busy) / 1e3 / AGENTS;
      System.out.printf(
          "%d heartbeats in %.1f s, %.0f us of processor time each for both sides, at most %d at once%n",
          AGENTS, seconds, each, most);
      assertThat(most).isLessThanOrEqualTo(4 * AT_ONCE); // some of them are ending
    }
    assertThat(directory.hosts()).hasSize(AGENTS);
    assertThat(directory.metrics().heartbeats()).isEqualTo((long) ROUNDS * AGENTS);
    assertThat(directory.metrics().refusedHeartbeats()).isZero();
    assertThat(directory.metrics().rows()).isEqualTo(3L * AGENTS);
    await().until(() -> directory.metrics().dataConnections() == 0);
  }

  /** Returns how many connections were open at once at most. */
  private int tellAll(int atOnce, int round) throws Exception {
    int most = 0;
    try (ExecutorService agents = Executors.newFixedThreadPool(atOnce)) {
      List<Future<?>> told = new ArrayList<>();
      for (int agent = 0; agent < AGENTS; agent++) {
        Heartbeat beat = beat(agent, round);
        told.add(agents.submit(() -> tell(beat)));
      }
      for (Future<?> one : told) {
        one.get();
        most = Math.max(most, directory.metrics().dataConnections());
      }
    }
    return most;
  }

  @Test
  void moreAtOnceThanItHasConnectionsForAreRefusedAndTheOthersAreHeard() throws Exception {
    List<PageLink> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 256; i++) {
        idle.add(PageLink.open(LinkTarget.control(daemon.address(), "idle", ANSWER)));
      }
      assertThatThrownBy(() -> tell(beat(1, 1)))
          .isInstanceOf(PageLinkException.class)
          .hasMessageContaining("256 connections");
      idle.removeLast().close();
      await().until(() -> directory.metrics().dataConnections() == 255);
      tell(beat(1, 1));
      assertThat(directory.hosts()).hasSize(1);
    } finally {
      idle.forEach(PageLink::close);
    }
  }
}
