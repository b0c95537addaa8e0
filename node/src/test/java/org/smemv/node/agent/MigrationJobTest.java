package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.MigrationEvent;
import org.smemv.node.api.MigrationEvent.Kind;
import org.smemv.node.api.MigrationFollower;
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
    MigrationJob job = new MigrationJob("m1", "h1", gated.migration());
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
}
