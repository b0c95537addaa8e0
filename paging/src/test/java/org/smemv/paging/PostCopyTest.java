package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A process that writes and verifies all its memory goes on in new memory while the old one holds
 * its pages, which come when they are touched, are gathered, or are pulled by a sub-host. {@code
 * -Dsmemv.seed=N} repeats the random choices, {@code -Dsmemv.postcopy.runs=N} does more of them.
 */
@Timeout(300)
class PostCopyTest {
  private static final Duration ENDS = Duration.ofSeconds(10);
  private static final long PAGES = 4096;
  private static final long LIMIT = 1500;
  private static final long SEED = Long.getLong("smemv.seed", 1);
  private static final int RUNS = Integer.getInteger("smemv.postcopy.runs", 3);

  private PostCopyFixture fixture;

  @AfterEach
  void stop() throws Exception {
    if (fixture != null) {
      fixture.close();
    }
  }

  private void rounds(int count) throws Exception {
    for (int i = 0; i < count; i++) {
      Thread.sleep(50); // it writes on
      long ignored = fixture.out.copy(() -> false).pages();
    }
  }

  private void assertAllOfItMoved() throws Exception {
    fixture.awaitSourceDrained();
    fixture.assertAllIsInPlaceAndNothingIsWrong();
  }

  @Test
  void aVmWhosePagesAllStayBehindGoesOnAtOnceAndTheSourceIsEmptied() throws Exception {
    fixture = new PostCopyFixture(PAGES, LIMIT, 1, 0, SEED, 0);
    fixture.out.leaveRest(fixture.source);
    rounds(3);
    fixture.stopAndCopyLast();
    fixture.assertEveryPageIsWhereItIsSaidToBe();
    assertThat(fixture.out.progress()).allMatch(target -> target.sent() == 0);
    assertThat(fixture.out.leftPages()).isGreaterThan(PAGES / 2);
    assertThat(fixture.pager.budget().resident()).isZero();
    fixture.switchOver();
    assertAllOfItMoved();
    assertThat(fixture.old.memory.remaining()).isZero();

    assertThat(fixture.pager.faults().remote()).isPositive();
    assertThat(fixture.pager.draining(fixture.source).relocated()).isPositive();
    assertThat(fixture.pager.budget().resident()).isLessThanOrEqualTo(LIMIT);
  }

  @Test
  void aVmThatFitsOnTheNewMainHostIsGatheredThere() throws Exception {
    fixture = new PostCopyFixture(PAGES, PAGES, 0, 0, SEED, 0);
    fixture.out.leaveRest(fixture.source);
    rounds(1);
    fixture.stopAndCopyLast();
    fixture.switchOver();
    assertAllOfItMoved();

    assertThat(fixture.pager.draining(fixture.source).gathered()).isPositive();
    assertThat(fixture.pager.draining(fixture.source).relocated()).isZero();
  }

  @Test
  void afterRoundsThatSendOnlyWhatWasWrittenSinceStaysBehind() throws Exception {
    fixture = new PostCopyFixture(PAGES, LIMIT, 2, 1, SEED, 0);
    fixture.guest.slowDown();
    rounds(2); // in the first all pages count as written, as they were until now
    fixture.out.leaveRest(fixture.source);
    rounds(2);
    fixture.stopAndCopyLast();
    fixture.assertEveryPageIsWhereItIsSaidToBe();
    assertThat(fixture.out.leftPages()).isPositive();
    assertThat(fixture.pager.budget().resident()).isPositive();
    assertThat(fixture.stores.getFirst().store.status().pages()).isPositive();
    assertThat(fixture.stores.getFirst().store.status().drops()).isPositive();
    fixture.switchOver();
    assertAllOfItMoved();
  }

  @Test
  void aRoundThatIsUnderWayIsTurned() throws Exception {
    fixture = new PostCopyFixture(PAGES, LIMIT, 2, 1, SEED, 4 << 20);
    Thread turning =
        Thread.ofPlatform()
            .start(
                () -> {
                  await().until(() -> sent() > 300);
                  fixture.out.leaveRest(fixture.source);
                });
    OutgoingMemory.Round round = fixture.out.copy(() -> false);
    turning.join();
    assertThat(round.told()).isPositive();
    assertThat(round.pages() - round.told()).isBetween(301L, PAGES / 2);
    assertThat(Duration.ofNanos(round.nanos())).isLessThan(Duration.ofSeconds(5));
    rounds(1);
    fixture.stopAndCopyLast();
    fixture.assertEveryPageIsWhereItIsSaidToBe();
    fixture.switchOver();
    assertAllOfItMoved();
  }

  private long sent() {
    return fixture.out.progress().stream().mapToLong(OutgoingMemory.TargetProgress::sent).sum();
  }

  @Test
  void anAgentOfTheSourceThatIsRestartedLosesNothing() throws Exception {
    fixture = new PostCopyFixture(PAGES, LIMIT, 1, 0, SEED, 0);
    fixture.out.leaveRest(fixture.source);
    rounds(1);
    fixture.stopAndCopyLast();
    fixture.stores.getFirst().store.grantPages(5); // so that the draining cannot end
    fixture.switchOver();
    fixture.old.restart();
    await().until(() -> fixture.old.memory.servedBytes() > 0);
    await().until(() -> stalled().contains("room"));
    fixture.old.restart();
    fixture.stores.getFirst().store.grantPages(PAGES);
    assertAllOfItMoved();
    assertThat(fixture.old.memory.remaining()).isZero();
  }

  private String stalled() {
    return String.valueOf(fixture.pager.draining(fixture.source).stalled());
  }

  @Test
  void whateverHappensOnTheWayNothingIsLost() throws Exception {
    for (int run = 0; run < RUNS; run++) {
      long seed = SEED + run;
      SplittableRandom random = new SplittableRandom(seed);
      System.out.println("seed " + seed);
      int targets = random.nextInt(2);
      fixture = new PostCopyFixture(PAGES, 900 + random.nextInt(1500), 2, targets, seed, 0);
      if (random.nextBoolean()) {
        fixture.guest.slowDown();
      }
      rounds(targets * random.nextInt(3));
      fixture.out.leaveRest(fixture.source);
      rounds(random.nextInt(3));
      fixture.stopAndCopyLast();
      fixture.assertEveryPageIsWhereItIsSaidToBe();
      fixture.switchOver();
      for (int i = random.nextInt(8); i > 0; i--) {
        disturb(random);
        Thread.sleep(random.nextInt(150)); // so that it is met at any point
      }
      fixture.pager.limitPages(LIMIT);
      assertAllOfItMoved();
      fixture.close();
      fixture = null;
    }
  }

  private void disturb(SplittableRandom random) {
    switch (random.nextInt(5)) {
      case 0 -> fixture.old.restart();
      case 1 -> fixture.pager.limitPages(700 + random.nextInt(2000));
      case 2 -> {
        boolean ignored = fixture.old.server.disconnect(PostCopyFixture.VM).await(ENDS);
      }
      case 3 -> {
        boolean ignored =
            fixture.stores.get(random.nextInt(2)).server.disconnect(PostCopyFixture.VM).await(ENDS);
      }
      default -> fixture.old.memory.freeOthers();
    }
  }
}
