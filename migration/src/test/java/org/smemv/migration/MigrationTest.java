package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.migration.BodySource.Round;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException.Kind;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;

class MigrationTest {
  private static final long MIB = 1L << 20;
  private static final Round QUIET = new Round(100 * MIB, 1_000_000_000, 10, 10, 0);
  private static final Round BUSY = new Round(100 * MIB, 1_000_000_000, 25_600, 25_600, 0);

  private final FakeHost main = new FakeHost("h2");
  private final FakeHost sub = new FakeHost("h3");
  private final FakeBody body = new FakeBody();
  private final AtomicLong nanos = new AtomicLong();

  private final Migration.Clock clock =
      new Migration.Clock() {
        @Override
        public long nanos() {
          return nanos.addAndGet(500_000_000);
        }

        @Override
        public void sleep(long millis) {
          nanos.addAndGet(millis * 1_000_000);
        }
      };

  private static MigrationPlan plan(Limits limits) {
    return new MigrationPlan(
        new UUID(1, 1),
        "web",
        2,
        1024 * MIB,
        "h1",
        "h2",
        512 * MIB,
        List.of(new Share(0, "h3", 544 * MIB)),
        List.of(),
        List.of(),
        limits);
  }

  private Migration migration(Limits limits) {
    return new Migration(plan(limits), main, Map.of("h3", sub), body, "{}", clock);
  }

  private static Limits limits() {
    return new Limits(Mode.PRECOPY, 300, 0, 0, OnTimeout.ABORT);
  }

  @Test
  void aVmMovesAndRunsAtItsNewMainHostOnly() throws Exception {
    body.rounds.add(QUIET);
    Migration migration = migration(limits());
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(main.asked).containsExactly("reserve", "prepare", "commit", "resume");
    assertThat(sub.asked).containsExactly("reserve", "keep");
    assertThat(body.asked)
        .containsExactly(
            "begin", "copy", "aboutToCommit", "pause", "copyLast", "sendBody", "retire");
    assertThat(main.running).isTrue();
    assertThat(body.running).isFalse();
  }

  private Migration migrationOfASplitVm() {
    MigrationPlan plan =
        new MigrationPlan(
            new UUID(1, 1),
            "web",
            2,
            1024 * MIB,
            "h1",
            "h2",
            512 * MIB,
            List.of(),
            List.of(new MigrationPlan.Staying(3, new Share(0, "h3", 544 * MIB))),
            List.of(),
            limits());
    return new Migration(plan, main, Map.of("h3", sub), body, "{}", clock);
  }

  @Test
  void aSubHostWhosePagesStayIsToldBeforeAnythingMovesAndReservesNothing() throws Exception {
    body.rounds.add(QUIET);
    Migration migration = migrationOfASplitVm();
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(sub.asked).containsExactly("mayMove h2");
  }

  @Test
  void aMigrationIsCancelledAlsoWhilePagesMakeRoomForIt() throws Exception {
    body.rounds.add(QUIET);
    Migration migration = migration(limits());
    List<Boolean> enough = new ArrayList<>();
    body.duringBegin =
        ends -> {
          enough.add(ends.getAsBoolean());
          migration.cancel();
          enough.add(ends.getAsBoolean());
        };
    migration.run();

    assertThat(enough).containsExactly(false, true);
    assertThat(body.asked).doesNotContain("copy");
    assertThat(migration.state()).isEqualTo(MigrationState.ABORTED);
  }

  @Test
  void aSubHostWhosePagesStayReleasesNothingWhenTheMigrationComesToNothing() throws Exception {
    body.rounds.add(QUIET);
    body.failsAt = "sendBody";
    Migration migration = migrationOfASplitVm();
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(sub.asked).containsExactly("mayMove h2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"begin", "copy", "pause", "copyLast", "sendBody", "aboutToCommit"})
  void whateverFailsAtTheSourceBeforeCommitTheVmGoesOnThere(String step) throws Exception {
    body.rounds.add(QUIET);
    body.failsAt = step;
    Migration migration = migration(limits());
    migration.run();

    assertGoesOnAtSource(migration);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reserve", "prepare", "commit"})
  void whateverTheMainHostRefusesTheVmGoesOnAtItsSource(String request) throws Exception {
    body.rounds.add(QUIET);
    main.failAt(request, Kind.REFUSED, 1);
    Migration migration = migration(limits());
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).contains("h2 failed to " + request);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reserve", "keep"})
  void aSubHostThatIsLostBeforeCommitEndsTheMigration(String request) throws Exception {
    body.rounds.add(QUIET);
    sub.failAt(request, Kind.UNREACHABLE, 1);
    Migration migration = migration(limits());
    migration.run();

    assertGoesOnAtSource(migration);
  }

  private void assertGoesOnAtSource(Migration migration) {
    assertThat(migration.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(body.running).isTrue();
    assertThat(body.retired).isFalse();
    assertThat(main.running).isFalse();
    assertThat(main.reserved).isFalse();
    assertThat(sub.reserved).isFalse();
  }

  @Test
  void aVmThatStandsMuchLongerThanExpectedGoesOnAtItsSource() throws Exception {
    body.rounds.add(QUIET);
    body.duringLast = MigrationTest::untilEnough;
    Migration migration = migration(limits());
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).contains("had stood for");
  }

  @Test
  void aVmWhoseDeviceStateDoesNotGetAcrossGoesOnAtItsSource() throws Exception {
    body.rounds.add(QUIET);
    body.duringBody = MigrationTest::untilEnough;
    Migration migration = migration(limits());
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).contains("had stood for", "device state");
  }

  @Test
  void aMigrationIsCancelledAlsoWhileTheDeviceStateIsOnItsWay() throws Exception {
    body.rounds.add(BUSY);
    Migration migration = migration(limits());
    migration.force();
    body.duringBody =
        enough -> {
          assertThat(enough.getAsBoolean()).isFalse();
          migration.cancel();
          untilEnough(enough);
        };
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).contains("cancelled");
  }

  @Test
  void aCancelledMigrationEndsAlsoWhileTheVmStands() throws Exception {
    body.rounds.add(QUIET);
    Migration migration = migration(new Limits(Mode.PRECOPY, 3_600_000, 0, 0, OnTimeout.ABORT));
    body.duringLast =
        enough -> {
          migration.cancel();
          untilEnough(enough);
        };
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).contains("cancelled");
  }

  @Test
  void aForcedStopMayTakeAsLongAsItTakes() throws Exception {
    body.rounds.add(BUSY);
    body.duringLast =
        enough -> {
          for (int look = 0; look < 1000; look++) {
            assertThat(enough.getAsBoolean()).isFalse();
          }
        };
    Migration migration = migration(limits());
    migration.force();
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
  }

  private static void untilEnough(BooleanSupplier enough) {
    while (!enough.getAsBoolean()) {
      Thread.onSpinWait();
    }
  }

  @Test
  void anErrorInTheMiddleLeavesTheVmWholeAtItsSource() {
    body.rounds.add(QUIET);
    body.duringCopy =
        enough -> {
          throw new OutOfMemoryError("no memory left");
        };
    Migration migration = migration(limits());
    assertThatCode(migration::run).doesNotThrowAnyException();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).contains("no memory left");
  }

  @Test
  void theTimeThatALookTakesIsPartOfTheExpectedPause() {
    Convergence slow = new Convergence();
    slow.add(new Round(100 * MIB, 1_000_000_000, 10, 10, 400_000_000), 4096);

    assertThat(slow.expectedDowntimeMillis()).isBetween(830L, 840L);
  }

  @Test
  void anUnknownCommitIsAskedForUntilItIsKnownAndDone() throws Exception {
    body.rounds.add(QUIET);
    main.committed = true;
    main.failAt("commit", Kind.UNREACHABLE, 1);
    Migration migration = migration(limits());
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(body.retired).isTrue();
    assertThat(main.running).isTrue();
  }

  @Test
  void anUnknownCommitThatDidNotHappenBringsTheVmBack() throws Exception {
    body.rounds.add(QUIET);
    main.failAt("commit", Kind.UNREACHABLE, 1);
    Migration migration = migration(limits());
    migration.run();

    assertThat(main.asked).contains("decided");
    assertThat(migration.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(body.running).isTrue();
  }

  /** Nobody else would ever ask: the VM would stand for as long as this agent lives. */
  @ParameterizedTest
  @ValueSource(strings = {"commit", "decided", "resume"})
  void aRequestThatBreaksFromTheCommitOnIsAsGoodAsUnanswered(String request) throws Exception {
    body.rounds.add(QUIET);
    main.committed = true;
    main.failAt("commit", Kind.UNREACHABLE, request.equals("decided") ? 1 : 0);
    main.breaksAt = request;
    Migration migration = migration(limits());
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(body.retired).isTrue();
    assertThat(main.running).isTrue();
  }

  @Test
  void aMainHostThatIsLostAfterCommitIsAskedAgainToResume() throws Exception {
    body.rounds.add(QUIET);
    main.failAt("resume", Kind.UNREACHABLE, 3);
    Migration migration = migration(limits());
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(main.asked).filteredOn("resume"::equals).hasSize(4);
    assertThat(main.running).isTrue();
  }

  @Test
  void roundsThatLeaveAsMuchAsBeforeAreSaidNotToConverge() throws Exception {
    for (int i = 0; i < 8; i++) {
      body.rounds.add(BUSY);
    }
    body.rounds.add(QUIET);
    Migration migration = migration(limits());
    migration.run();

    assertThat(migration.rounds()).isEqualTo(9);
    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    Convergence convergence = new Convergence();
    for (int i = 0; i < 5; i++) {
      assertThat(convergence.isConverging()).isTrue();
      convergence.add(BUSY, 4096);
    }
    assertThat(convergence.isConverging()).isFalse();
  }

  @Test
  void aMigrationThatTakesTooLongIsGivenUpWithTheReason() throws Exception {
    body.rounds.add(BUSY);
    Migration migration = migration(new Limits(Mode.PRECOPY, 300, 0, 5, OnTimeout.ABORT));
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).contains("time-out of 5 s").contains("writes faster");
  }

  @Test
  void aMigrationThatTakesTooLongIsForcedWhenToldSo() throws Exception {
    body.rounds.add(BUSY);
    Migration migration = migration(new Limits(Mode.PRECOPY, 300, 0, 5, OnTimeout.FORCE));
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
  }

  @Test
  void aCancelledMigrationGivesEverythingBack() throws Exception {
    body.rounds.add(BUSY);
    Migration migration = migration(limits());
    migration.cancel();
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).isEqualTo("cancelled");
  }

  @Test
  void aRoundUnderWayIsToldToEndWhenTheMigrationIsCancelled() throws Exception {
    body.rounds.add(QUIET);
    Migration migration = migration(limits());
    body.duringCopy =
        enough -> {
          assertThat(enough.getAsBoolean()).isFalse();
          migration.cancel();
          assertThat(enough.getAsBoolean()).isTrue();
        };
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).isEqualTo("cancelled");
    assertThat(body.asked).doesNotContain("pause");
  }

  @Test
  void aRoundUnderWayIsToldToEndWhenTheTimeIsOver() throws Exception {
    body.rounds.add(BUSY);
    Migration migration = migration(new Limits(Mode.PRECOPY, 300, 0, 5, OnTimeout.ABORT));
    body.duringCopy =
        enough -> {
          nanos.addAndGet(6_000_000_000L);
          assertThat(enough.getAsBoolean()).isTrue();
        };
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(body.asked).containsOnlyOnce("copy");
  }

  @Test
  void plansThatMakeNoSenseAreRefused() {
    Share share = new Share(0, "h3", 544 * MIB);
    assertThatThrownBy(() -> plan("h1", "h2", 512, List.of(share, share)))
        .hasMessageContaining("h3 is named twice");
    assertThatThrownBy(() -> plan("h3", "h2", 512, List.of(share)))
        .hasMessageContaining("is the source");
    assertThatThrownBy(() -> plan("h1", "h2", 512, List.of()))
        .hasMessageContaining("together get 512 MiB");
  }

  private static MigrationPlan plan(String source, String main, long mib, List<Share> shares) {
    return new MigrationPlan(
        new UUID(1, 1),
        "web",
        2,
        1024 * MIB,
        source,
        main,
        mib * MIB,
        shares,
        List.of(),
        List.of(),
        limits());
  }
}
