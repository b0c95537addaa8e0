package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.migration.HostException.Kind;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;
import org.smemv.migration.MigrationPlan.Staying;

class PostCopyMigrationTest extends Moves {
  private Migration migration(Mode mode, long timeoutSeconds, OnTimeout onTimeout) {
    return migration(new Limits(mode, 300, 0, timeoutSeconds, onTimeout));
  }

  private Migration migration(Mode mode) {
    return migration(mode, 0, OnTimeout.ABORT);
  }

  @Test
  void aPostCopyLeavesEverythingBeforeTheFirstRound() throws Exception {
    body.rounds.add(QUIET);
    Migration migration = migration(Mode.POSTCOPY);
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(migration.leavesRest()).isTrue();
    assertThat(body.asked)
        .startsWith("begin", "offerRest", "leaveRest 1", "copy")
        .endsWith("retire");
    assertThat(main.asked)
        .containsExactly(
            "reserve", "prepare", "expectRest h1 as 1", "commit", "resume", "toGather");
  }

  @Test
  void aHybridSendsOneRoundAndLeavesWhatIsDueThen() throws Exception {
    body.rounds.addAll(List.of(BUSY, QUIET));
    migration(Mode.HYBRID).run();

    assertThat(body.asked)
        .startsWith("begin", "copy", "offerRest", "leaveRest 1", "copy", "aboutToCommit");
  }

  @Test
  void aHybridThatHasMovedAllInItsFirstRoundLeavesNothing() throws Exception {
    body.rounds.add(QUIET);
    Migration migration = migration(Mode.HYBRID);
    migration.run();

    assertThat(migration.leavesRest()).isFalse();
    assertThat(main.asked).containsExactly("reserve", "prepare", "commit", "resume");
  }

  @Test
  void aRunningPreCopyBecomesAPostCopyWhenAskedTo() throws Exception {
    body.rounds.addAll(List.of(BUSY, QUIET));
    Migration migration = migration(Mode.PRECOPY);
    body.duringCopy =
        enough -> {
          if (!migration.leavesRest()) {
            assertThat(enough.getAsBoolean()).isFalse();
            migration.postCopy();
            assertThat(enough.getAsBoolean()).as("the round ends early").isTrue();
          } else {
            assertThat(enough.getAsBoolean()).isFalse();
          }
        };
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(body.asked).startsWith("begin", "copy", "offerRest", "leaveRest 1", "copy");
  }

  @Test
  void aPreCopyThatTakesTooLongBecomesAPostCopyWhenToldSo() throws Exception {
    for (int i = 0; i < 20; i++) {
      body.rounds.add(BUSY);
    }
    Migration migration = migration(Mode.PRECOPY, 5, OnTimeout.POSTCOPY);
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(migration.leavesRest()).isTrue();
  }

  @Test
  void aVmThatWritesFasterThanItsPagesAreToldIsStoppedAllTheSame() throws Exception {
    body.rounds.add(BUSY);
    Migration migration = migration(Mode.POSTCOPY);
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(body.asked).filteredOn("copy"::equals).hasSize(Convergence.ROUNDS + 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"offerRest", "leaveRest 1", "copy", "copyLast", "sendBody"})
  void whateverFailsAtTheSourceBeforeCommitTheVmGoesOnThere(String step) throws Exception {
    body.rounds.add(QUIET);
    body.failsAt = step;
    Migration migration = migration(Mode.POSTCOPY);
    migration.run();

    assertGoesOnAtSource(migration);
  }

  @Test
  void aMainHostThatCannotReachTheSourceEndsTheMigration() throws Exception {
    body.rounds.add(QUIET);
    main.failAt("expectRest h1 as 1", Kind.REFUSED, 1);
    Migration migration = migration(Mode.POSTCOPY);
    migration.run();

    assertGoesOnAtSource(migration);
    assertThat(body.asked).doesNotContain("leaveRest 1");
  }

  @Test
  void itLastsUntilAllHasCome() throws Exception {
    body.rounds.add(QUIET);
    main.toGather.addAll(List.of(5000L, 10L, 0L));
    Migration migration = migration(Mode.POSTCOPY);
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(main.asked).filteredOn("toGather"::equals).hasSize(3);
  }

  @Test
  void aMergeDoesNotWaitForPagesOfSubHosts() throws Exception {
    body.rounds.add(QUIET);
    main.toGather.addAll(List.of(5000L, 0L));
    Limits limits = new Limits(Mode.POSTCOPY, 300, 0, 0, OnTimeout.ABORT);
    migration(plan(1024, List.of(), List.of(), List.of(new Staying(0, SHARE)), limits)).run();

    assertThat(main.asked)
        .containsExactly(
            "reserve", "prepare", "expectRest h1 as 1", "commit", "resume", "toGather", "toGather");
  }
}
