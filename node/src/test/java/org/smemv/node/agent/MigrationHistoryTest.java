package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.MigrationEvent;
import org.smemv.node.api.MigrationEvent.Kind;
import org.smemv.node.api.MigrationFollower;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;

@Timeout(20)
class MigrationHistoryTest {
  /** Takes an event only when the test lets it. */
  private static final class Reader implements MigrationFollower {
    final BlockingQueue<MigrationEvent> told = new LinkedBlockingQueue<>();
    final BlockingQueue<String> quiet = new LinkedBlockingQueue<>();
    final BlockingQueue<String> permits = new LinkedBlockingQueue<>();
    final AtomicInteger offered = new AtomicInteger();

    @Override
    public boolean happened(MigrationEvent event) {
      offered.incrementAndGet();
      try {
        permits.take();
      } catch (InterruptedException e) {
        return false;
      }
      told.add(event);
      return true;
    }

    @Override
    public boolean quiet() {
      quiet.add("quiet");
      return true;
    }

    MigrationEvent next() throws InterruptedException {
      permits.add("go");
      MigrationEvent event = told.poll(10, TimeUnit.SECONDS);
      assertThat(event).isNotNull();
      return event;
    }
  }

  private final MigrationHistory history = new MigrationHistory(Duration.ofMillis(50));
  private final List<Thread> threads = new CopyOnWriteArrayList<>();

  @AfterEach
  void endAll() throws InterruptedException {
    for (Thread thread : threads) {
      thread.interrupt();
      thread.join(10_000);
      assertThat(thread.isAlive()).as("a follower's thread").isFalse();
    }
  }

  private Thread follow(long after, Reader reader) {
    Thread thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    history.follow(after, reader);
                  } catch (OperationException e) {
                    // Interrupted at the end of a test.
                  }
                });
    threads.add(thread);
    return thread;
  }

  private static MigrationReport report(MigrationState state, String reason, long sent) {
    return new MigrationReport(
        "m1",
        "vm1",
        "h1",
        state,
        false,
        reason,
        new MigrationReport.Ram(1L << 30, sent, 0, 0, 0, 0, 0, 0, 0),
        MigrationReport.Gather.NONE,
        true,
        -1,
        -1,
        System.nanoTime(),
        -1,
        -1,
        List.of(),
        null);
  }

  private static MigrationReport report(MigrationState state, long sent) {
    return report(state, null, sent);
  }

  @Test
  void everyStateIsAnEventAndFiguresAreWhenTheyChange() throws InterruptedException {
    Reader reader = new Reader();
    Thread thread = follow(0, reader);
    history.note(report(MigrationState.COPY, 0));
    assertThat(reader.next()).matches(e -> e.id() == 1 && e.kind() == Kind.STATE);
    history.note(report(MigrationState.COPY, 0));
    history.note(report(MigrationState.COPY, 5));
    assertThat(reader.next()).matches(e -> e.id() == 2 && e.kind() == Kind.PROGRESS);
    history.note(report(MigrationState.STALLED, "h2 is away", 5));
    assertThat(reader.next()).matches(e -> e.id() == 3 && e.kind() == Kind.STATE);
    history.note(report(MigrationState.STALLED, "h2 is still away", 5));
    assertThat(reader.next()).matches(e -> e.id() == 4 && e.kind() == Kind.STATE);
    history.note(report(MigrationState.DONE, 5));
    assertThat(reader.next()).matches(e -> e.id() == 5 && e.isLast());
    thread.join(10_000);
    assertThat(thread.isAlive()).as("it ends with the last event").isFalse();
  }

  @Test
  void whoBeginsToFollowIsToldHowItIsNow() throws InterruptedException {
    history.note(report(MigrationState.COPY, 0));
    history.note(report(MigrationState.STALLED, "h2 is away", 0));
    history.note(report(MigrationState.RESUME, 0));
    Reader reader = new Reader();
    follow(0, reader);
    assertThat(reader.next().report().state()).isEqualTo(MigrationState.RESUME);
  }

  @Test
  void whoComesBackMissesNoStateAndGetsTheNewestFigures() throws InterruptedException {
    history.note(report(MigrationState.RESERVE, 0));
    history.note(report(MigrationState.PREPARE, 0));
    history.note(report(MigrationState.COPY, 0));
    history.note(report(MigrationState.COPY, 1));
    history.note(report(MigrationState.COPY, 2));
    Reader reader = new Reader();
    follow(1, reader);
    assertThat(List.of(reader.next().id(), reader.next().id(), reader.next().id()))
        .containsExactly(2L, 3L, 5L);
  }

  @Test
  void whoIsSlowHoldsNobodyUpAndIsToldOnlyTheNewestFigures() throws InterruptedException {
    Reader slow = new Reader();
    Reader fast = new Reader();
    follow(0, slow);
    follow(0, fast);
    history.note(report(MigrationState.COPY, 0));
    fast.next();
    await().until(() -> slow.offered.get() == 1);
    for (int sent = 1; sent <= 100; sent++) {
      history.note(report(MigrationState.COPY, sent));
      assertThat(fast.next().report().ram().transferred()).isEqualTo(sent);
    }
    assertThat(slow.told).isEmpty();
    assertThat(slow.next().report().ram().transferred()).isZero();
    assertThat(slow.next().report().ram().transferred()).isEqualTo(100);
  }

  @Test
  void aFollowerHearsNowAndThenThatNothingHappens() {
    Reader reader = new Reader();
    follow(0, reader);
    await().until(() -> reader.quiet.size() >= 3);
    assertThat(reader.told).isEmpty();
  }

  @Test
  void whoHasTheLastEventIsNotHeld() throws OperationException {
    history.note(report(MigrationState.ABORTED, 0));
    Reader reader = new Reader();
    history.follow(1, reader);
    assertThat(reader.quiet).isEmpty();
    assertThat(reader.told).isEmpty();
  }

  @Test
  void anEventThatHasNotHappenedIsRefused() {
    history.note(report(MigrationState.COPY, 0));
    assertThatThrownBy(() -> history.follow(7, new Reader()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("no event 7")
        .hasMessageContaining("the last one is 1");
  }

  @Test
  void aMigrationThatStallsAgainAndAgainTakesNoMoreMemory() throws InterruptedException {
    for (int i = 0; i < 1000; i++) {
      history.note(report(MigrationState.STALLED, "reason " + i, 0));
    }
    Reader reader = new Reader();
    follow(1, reader);
    assertThat(reader.next().id()).isEqualTo(1000 - 63);
  }
}
