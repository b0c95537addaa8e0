package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class MemcachedLoadTest {
  private static final LoadPlan PLAN =
      LoadPlan.of("127.0.0.1", 256 << 10).withConnections(3).withSeconds(1);

  private FakeMemcached memcached;

  @BeforeEach
  void start() throws IOException {
    memcached = new FakeMemcached();
  }

  @AfterEach
  void stop() throws IOException {
    memcached.close();
  }

  @Test
  void anHonestServerGivesNoErrorsAndTheAskedMixture() throws Exception {
    List<LoadRun.Second> seconds = new ArrayList<>();

    LoadSummary summary =
        new LoadRun(PLAN, memcached.port(), new CountDownLatch(1))
            .run(filled -> assertThat(filled.values()).isEqualTo(256), seconds::add);

    assertThat(summary.errors()).isZero();
    assertThat(summary.descriptions()).isEmpty();
    assertThat(summary.sets() / (double) (summary.sets() + summary.gets())).isBetween(0.5, 0.7);
    assertThat(summary.perTenthSecond().stream().mapToLong(Integer::longValue).sum())
        .isEqualTo(summary.sets() + summary.gets());
    assertThat(summary.evictions()).isEqualTo(7);
    assertThat(summary.getLatency().max()).isGreaterThanOrEqualTo(summary.getLatency().p50());
    assertThat(seconds).hasSize(1).first().satisfies(s -> assertThat(s.gets()).isPositive());
  }

  @Test
  void oneFlippedBitIsFoundAndPlaced() throws Exception {
    LoadSummary summary = runWith(FakeMemcached.Fault.FLIPPED_BIT, 1);

    assertThat(summary.wrongValues()).isEqualTo(1);
    assertThat(summary.descriptions()).singleElement().asString().contains("from byte 100 of 1024");
  }

  @Test
  void aValueFromThePastIsWrongAndNamedAsSuch() throws Exception {
    LoadSummary summary = runWith(FakeMemcached.Fault.OLD_VALUE, 50);

    assertThat(summary.wrongValues()).isEqualTo(50);
    assertThat(summary.descriptions())
        .anyMatch(line -> line.matches(".* holds version \\d+ instead of \\d+"));
  }

  @Test
  void aMissingValueIsAnError() throws Exception {
    assertThat(runWith(FakeMemcached.Fault.MISS, 2).misses()).isEqualTo(2);
  }

  @Test
  void anAnswerOutsideTheProtocolIsAnErrorAndTheLoadGoesOn() throws Exception {
    LoadSummary summary = runWith(FakeMemcached.Fault.NONSENSE, 1);

    assertThat(summary.protocolErrors()).isEqualTo(1);
    assertThat(summary.descriptions()).anyMatch(line -> line.contains("'WHAT'"));
    assertThat(summary.gets()).isGreaterThan(10);
  }

  @Test
  void aLostConnectionIsCountedAndOpenedAgain() throws Exception {
    LoadSummary summary = runWith(FakeMemcached.Fault.HANG_UP, 2);

    assertThat(summary.lostConnections()).isEqualTo(2);
    assertThat(summary.wrongValues()).isZero();
    assertThat(summary.gets()).isGreaterThan(10);
  }

  @Test
  void theLongestSilenceIsTheDowntime() throws Exception {
    LoadPlan single = PLAN.withConnections(1);

    LoadSummary summary =
        new LoadRun(single, memcached.port(), new CountDownLatch(1))
            .run(filled -> memcached.silence(300), second -> {});

    assertThat(summary.errors()).isZero();
    assertThat(summary.longestGapMillis()).isGreaterThan(295.0);
    assertThat(summary.perTenthSecond()).contains(0);
  }

  @Test
  void aLoadWithoutAnEndStopsWhenItIsTold() throws Exception {
    CountDownLatch stop = new CountDownLatch(1);
    LoadPlan endless = PLAN.withSeconds(0).withRequestsPerSecond(200);

    LoadSummary summary =
        new LoadRun(endless, memcached.port(), stop).run(filled -> {}, second -> stop.countDown());

    assertThat(summary.millis()).isBetween(900L, 5000L);
    assertThat(summary.sets() + summary.gets()).isBetween(20L, 400L);
  }

  @Test
  void aServerThatNeverAnswersDoesNotHoldUpTheEnd() throws Exception {
    LoadSummary summary =
        new LoadRun(PLAN.withConnections(1), memcached.port(), new CountDownLatch(1))
            .run(filled -> memcached.silence(60_000), second -> {});

    assertThat(summary.unanswered()).isEqualTo(1);
    assertThat(summary.longestGapMillis()).isBetween(2500.0, 10_000.0);
  }

  @Test
  void aServerThatIsNotThereFailsTheLoad() throws IOException {
    int port = memcached.port();
    memcached.close();

    assertThatThrownBy(() -> new LoadRun(PLAN, port, new CountDownLatch(1)).run(f -> {}, s -> {}))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("Connection refused");
  }

  @Test
  void aPlanThatCannotBeRunIsRefused() {
    assertThatThrownBy(() -> PLAN.withConnections(0)).hasMessageContaining("connections");
    assertThatThrownBy(() -> PLAN.withConnections(257)).hasMessageContaining("for each connection");
    assertThatThrownBy(() -> PLAN.withZipf(1)).hasMessageContaining("skew");
  }

  /** Faults begin late enough that keys have more than one version. */
  private LoadSummary runWith(FakeMemcached.Fault fault, int times) throws InterruptedException {
    AtomicInteger tenths = new AtomicInteger();
    return new LoadRun(PLAN, memcached.port(), new CountDownLatch(1))
        .run(
            filled -> {},
            second -> {},
            answers -> {
              if (tenths.incrementAndGet() == 3) {
                memcached.fail(fault, times);
              }
            });
  }
}
