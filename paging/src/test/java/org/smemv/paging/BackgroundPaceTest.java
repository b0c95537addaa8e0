package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BackgroundPaceTest {
  private static final int FIRST = BackgroundPace.PAGES_FIRST;
  private static final int MAX = BackgroundPace.PAGES_MAX;
  private static final long QUIET = BackgroundPace.QUIET_NANOS;
  private static final long CALM = BackgroundPace.CALM_NANOS;

  /** Nanoseconds that a link of 1 Gbit/s takes for a page. */
  private static final long PAGE_NANOS = 34_000;

  private final BackgroundPace pace = new BackgroundPace();
  private long faults;

  @Test
  void itBeginsSmallAndGrowsWithEachAnswerWhileTheGuestDoesNotFault() {
    assertThat(pace.window(0, 0)).isEqualTo(FIRST);
    pace.answered(0);
    assertThat(pace.window(0, 0)).isEqualTo(FIRST + 1);
    answer(0, 1000, 1);
    assertThat(pace.window(0, 0)).isEqualTo(MAX);
  }

  @Test
  void whileTheGuestFaultsTheQueueOfALinkIsHalfAMillisecond() {
    int window = settled(0, 1);
    assertThat(window * PAGE_NANOS)
        .isBetween(BackgroundPace.BUSY_ANSWER_NANOS / 2, BackgroundPace.BUSY_ANSWER_NANOS * 3 / 2);
  }

  @Test
  void whereSeveralSubHostsSendOverOneLinkEachHasLessUnderWay() {
    int window = settled(0, 3);
    assertThat(window).isLessThan(settled(0, 1));
  }

  @Test
  void aFasterLinkIsFilledNonetheless() {
    faults++;
    for (int i = 0; i < 1000; i++) {
      pace.answered(pace.window(faults, 0) * PAGE_NANOS / 10);
    }
    assertThat(pace.window(faults, 0)).isGreaterThan(4 * settled(0, 1));
  }

  @Test
  void aFaultMakesItSmallAtOnceAndCalmLetsItGrowAgain() {
    answer(0, 1000, 1);
    faults++;
    assertThat(pace.window(faults, QUIET)).isLessThanOrEqualTo(MAX / 8);
    int busy = settled(QUIET, 1);
    int calm = settledWithoutFault(QUIET + CALM, 1);
    int quiet = settledWithoutFault(2 * QUIET, 1);
    assertThat(calm).isGreaterThan(busy);
    assertThat(quiet).isGreaterThan(calm);
  }

  @Test
  void aSingleLateAnswerChangesNothing() {
    answer(0, 1000, 1);
    for (int i = 0; i < 100; i++) {
      pace.answered(i % BackgroundPace.ANSWERS == 2 ? 100_000_000 : 0);
    }
    assertThat(pace.window(0, 0)).isEqualTo(MAX);
  }

  private int settled(long now, int sharing) {
    faults++;
    var _ = pace.window(faults, now);
    return settledWithoutFault(now, sharing);
  }

  private int settledWithoutFault(long now, int sharing) {
    answer(now, 400, sharing);
    return pace.window(faults, now);
  }

  /** Answers as a link gives them whose queue is what so many have under way. */
  private void answer(long now, int answers, int sharing) {
    for (int i = 0; i < answers; i++) {
      pace.answered(pace.window(faults, now) * sharing * PAGE_NANOS);
    }
  }
}
