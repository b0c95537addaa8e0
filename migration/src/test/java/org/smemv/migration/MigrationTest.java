package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.migration.HostException.Kind;

class MigrationTest extends Moves {
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
    MigrationPlan.Staying staying = new MigrationPlan.Staying(3, SHARE);
    return migration(plan(512, List.of(), List.of(staying), List.of(), limits()));
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
}
