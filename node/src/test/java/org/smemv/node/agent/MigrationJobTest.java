package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrationEvent;
import org.smemv.node.api.MigrationEvent.Kind;
import org.smemv.node.api.MigrationFollower;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;

@Timeout(20)
class MigrationJobTest {
  private final BlockingQueue<MigrationEvent> told = new LinkedBlockingQueue<>();

  private Thread follow(MigrationJob job) {
    MigrationFollower notes =
        new MigrationFollower() {
          @Override
          public boolean happened(MigrationEvent event) {
            told.add(event);
            return true;
          }

          @Override
          public boolean quiet() {
            return true;
          }
        };
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                job.follow(0, notes);
              } catch (OperationException e) {
                throw new AssertionError(e);
              }
            });
  }

  private MigrationEvent next() throws InterruptedException {
    MigrationEvent event = told.poll(10, TimeUnit.SECONDS);
    assertThat(event).isNotNull();
    return event;
  }

  private MigrationEvent awaitState(MigrationState state) throws InterruptedException {
    MigrationEvent event = next();
    while (event.report().state() != state) {
      event = next();
    }
    return event;
  }

  @Test
  void statesAreToldAtOnceAndFiguresAsTheyChange() throws InterruptedException {
    GatedMigration gated = new GatedMigration("copy");
    MigrationJob job = new MigrationJob("m1", "h1", gated.migration(), () -> false);
    Thread follower = follow(job);
    job.watch(gated.start());
    assertThat(awaitState(MigrationState.COPY).kind()).isEqualTo(Kind.STATE);
    gated.sentBytes = 4096;
    MigrationEvent progress = next();
    assertThat(progress.kind()).isEqualTo(Kind.PROGRESS);
    assertThat(progress.report().ram().transferred()).isEqualTo(4096);
    gated.open();
    assertThat(awaitState(MigrationState.DONE).isLast()).isTrue();
    follower.join(10_000);
    assertThat(follower.isAlive()).isFalse();
    assertThat(List.copyOf(told)).isEmpty();
  }

  @Test
  void theTimeToGoIsNotGuessedFromTheFirstBytes() throws InterruptedException {
    GatedMigration gated = new GatedMigration("copy");
    gated.sentBytes = 100;
    MigrationJob job = new MigrationJob("m1", "h1", gated.migration(), () -> false);
    follow(job);
    job.watch(gated.start());
    MigrationEvent begun = awaitState(MigrationState.COPY);
    assertThat(begun.report().etaMillis()).isEqualTo(-1);
    while (next().report().etaMillis() < 0) {
      gated.sentBytes += 409_600;
    }
    gated.open();
  }

  @Test
  void whileAVmSettlesWhatIsLeftToGatherIsToldAndHowFastItGoes() throws InterruptedException {
    GatedMigration gated = GatedMigration.leaving();
    MigrationJob job = new MigrationJob("m1", "h1", gated.migration(), () -> false);
    follow(job);
    gated.toGather = 1; // so few that the switch does not wait for them
    job.watch(gated.start());
    awaitState(MigrationState.SETTLE);
    gated.toGather = 2000;
    MigrationReport.Gather seen = MigrationReport.Gather.NONE;
    while (seen.mbps() == 0) {
      gated.toGather = Math.max(1000, gated.toGather - 1);
      MigrationEvent event = told.poll(10, TimeUnit.MILLISECONDS);
      seen = event == null ? seen : event.report().gather();
    }
    assertThat(seen.remaining()).isBetween(1000L << 12, 2000L << 12);
    gated.toGather = 0;
    MigrationEvent last = awaitState(MigrationState.DONE);
    assertThat(last.report().gather()).isEqualTo(MigrationReport.Gather.NONE);
  }

  @ParameterizedTest
  @CsvSource({
    "reserve, RESERVE",
    "prepare, PREPARE",
    "begin, PREPARE",
    "copy, COPY",
    "aboutToCommit, PAUSE",
    "pause, PAUSE",
    "copyLast, PAUSE",
    "sendBody, SEND_BODY"
  })
  void aCancelledMigrationLeavesTheVmAtItsSourceInEveryStepBeforeCommit(
      String step, MigrationState state) throws Exception {
    GatedMigration gated = new GatedMigration(step);
    MigrationJob job = new MigrationJob("m1", "h1", gated.migration(), () -> false);
    Thread runner = gated.start();
    gated.awaitStep();
    assertThat(job.report().state()).isEqualTo(state);
    job.cancel();
    gated.open();
    runner.join();
    assertThat(job.report().state()).isEqualTo(MigrationState.ABORTED);
    assertThat(job.report().reason()).isEqualTo("cancelled");
    assertThat(gated.calls)
        .contains("giveUp", "turnBack")
        .doesNotContain("commit", "resume", "retire");
  }

  @ParameterizedTest
  @CsvSource({
    "commit, COMMIT, taking the VM at this moment",
    "resume, RESUME, belongs to host h2 already",
    "retire, SETTLE, smemv vm migrate vm1 --main h1"
  })
  void fromTheCommitOnACancellationSaysWhyItCannotBe(String step, MigrationState state, String why)
      throws Exception {
    GatedMigration gated = new GatedMigration(step);
    MigrationJob job = new MigrationJob("m1", "h1", gated.migration(), () -> false);
    Thread runner = gated.start();
    gated.awaitStep();
    assertThat(job.report().state()).isEqualTo(state);
    assertRefused(job, why);
    gated.open();
    runner.join();
    assertThat(job.report().state()).isEqualTo(MigrationState.DONE);
    assertRefused(job, "has moved to host h2");
  }

  @ParameterizedTest
  @CsvSource({"rearrange, COMMIT", "unmoved, SETTLE"})
  void aChangeOfPlacementSaysFromItsCommitOnWhyItCannotBeCancelled(
      String step, MigrationState state) throws Exception {
    GatedMigration gated = new GatedMigration(step, "h1");
    MigrationJob job = new MigrationJob("m1", "h1", gated.migration(), () -> false);
    Thread runner = gated.start();
    gated.awaitStep();
    assertThat(job.report().state()).isEqualTo(state);
    assertRefused(job, "smemv vm migrate vm1 --main h1");
    gated.open();
    runner.join();
    assertThat(job.report().state()).isEqualTo(MigrationState.DONE);
    assertThat(job.report().downtimeMillis()).isEqualTo(-1);
    assertThat(gated.calls).doesNotContain("pause", "giveUp", "retire", "release", "turnBack");
  }

  private static void assertRefused(MigrationJob job, String why) {
    assertThatThrownBy(job::cancel)
        .isInstanceOfSatisfying(
            OperationException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BUSY))
        .hasMessageContaining("m1")
        .hasMessageContaining(why);
  }

  @Test
  void aMigrationThatWasGivenUpIsNotCancelledAgain() throws Exception {
    GatedMigration gated = new GatedMigration("copy");
    MigrationJob job = new MigrationJob("m1", "h1", gated.migration(), () -> false);
    Thread runner = gated.start();
    gated.awaitStep();
    job.cancel();
    runner.join();
    assertRefused(job, "given up already, and the VM goes on at h1");
  }
}
