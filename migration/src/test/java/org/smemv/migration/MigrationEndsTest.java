package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.smemv.migration.BodySource.Round;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;

/** When the rounds of a migration end: by themselves, or as somebody or the time says. */
class MigrationEndsTest extends Moves {
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
  void aVmThatStandsMuchLongerThanExpectedGoesOnAtItsSource() throws Exception {
    body.rounds.add(QUIET);
    body.duringLast = MigrationEndsTest::untilEnough;
    Migration migration = migration(limits());
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(migration.reason()).contains("had stood for");
  }

  @Test
  void aVmWhoseDeviceStateDoesNotGetAcrossGoesOnAtItsSource() throws Exception {
    body.rounds.add(QUIET);
    body.duringBody = MigrationEndsTest::untilEnough;
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
  void theTimeThatALookTakesIsPartOfTheExpectedPause() {
    Convergence slow = new Convergence();
    slow.add(new Round(100 * MIB, 1_000_000_000, 10, 10, 400_000_000), 4096);

    assertThat(slow.expectedDowntimeMillis()).isBetween(830L, 840L);
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
          clock.goOn(6_000_000_000L);
          assertThat(enough.getAsBoolean()).isTrue();
        };
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(body.asked).containsOnlyOnce("copy");
  }
}
