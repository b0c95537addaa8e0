package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smemv.lab.SplitLab.MIB;

import java.time.Duration;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/**
 * A guest that writes and verifies more memory than its main host has for it, so that pages leave
 * and come back all the time, while its main host's agent is killed at random moments. {@code
 * -Dsmemv.lab.evictions=1000000} makes it long; {@code -Dsmemv.seed} repeats its moments.
 */
class EvictionStressIT {
  private static final long EVICTIONS = Long.getLong("smemv.lab.evictions", 20_000);
  private static final long SEED = Long.getLong("smemv.seed", System.nanoTime());

  /** As much as the guest has left beside memcached and its own system. */
  private static final long STRESS_BYTES = 24 * MIB;

  private static final long MAIN_BYTES = 64 * MIB;
  private static final int LIFE_MILLIS_MAX = 20_000;
  private static final Duration WORKS = Duration.ofMinutes(2);

  private static SplitLab lab;

  @BeforeAll
  static void up() {
    lab = SplitLab.up("512M", "256M", "256M", "256M");
  }

  @AfterAll
  static void down() {
    if (lab != null) {
      lab.close();
    }
  }

  @Test
  void noByteIsWrongAfterManyEvictionsWithAgentKillsAmongThem() throws Exception {
    TestVm vm = lab.startWriting("vm", STRESS_BYTES);
    lab.migrate(vm, SplitLab.toMain("h2", MAIN_BYTES, 0, "h3", "h4"));
    Random random = new Random(SEED);
    long evictions = 0;
    int kills = 0;

    while (evictions < EVICTIONS) {
      awaitEvictions();
      Thread.sleep(random.nextInt(LIFE_MILLIS_MAX));
      evictions += evictionsOfThisAgent();
      lab.lab().killAgent("h2");
      kills++;
      lab.lab().startAgent("h2");
      lab.awaitVm("h2", "vm", r -> r.state() == VmState.RUNNING);
    }
    awaitEvictions();

    TestVm.assertAddsUp(lab.host("h2").vm("vm"));
    vm.assertNothingIsWrong();
    System.out.printf("%d evictions, %d agent kills, seed %d%n", evictions, kills, SEED);
    assertThat(kills).isPositive();
  }

  /** What the agent has done since it was started; it says nothing of what came before. */
  private static long evictionsOfThisAgent() throws OperationException {
    VmReport report = lab.host("h2").vm("vm");
    return report.evictions().count();
  }

  private static void awaitEvictions() {
    Awaitility.await("pages leave and come back")
        .atMost(WORKS)
        .until(() -> evictionsOfThisAgent() > 0 && lab.host("h2").vm("vm").faults().remote() > 0);
  }
}
