package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BackgroundPaceTest {
  private static final long CALM = BackgroundPace.CALM_NANOS;
  private static final long QUIET = BackgroundPace.QUIET_NANOS;

  private final BackgroundPace pace = new BackgroundPace();

  @Test
  void whileTheGuestFaultsTheWindowIsSmallAndSharedByAllDrains() {
    assertThat(pace.window(1, 1, 0)).isEqualTo(BackgroundPace.BUSY_PAGES);
    assertThat(pace.window(2, 2, QUIET)).isEqualTo(BackgroundPace.BUSY_PAGES / 2);
    assertThat(pace.window(3, 9, 2 * QUIET)).isEqualTo(BackgroundPace.BUSY_PAGES_MIN);
    assertThat(pace.window(4, 0, 3 * QUIET)).isEqualTo(BackgroundPace.BUSY_PAGES);
  }

  @Test
  void soonAfterAFaultItDoublesAgainUpToTheCalmWindow() {
    int window = pace.window(7, 1, 0);
    assertThat(pace.window(7, 1, CALM - 1)).isEqualTo(window);
    assertThat(pace.window(7, 1, CALM)).isEqualTo(2 * window);
    assertThat(pace.window(7, 1, CALM + 1)).isEqualTo(2 * window);
    for (int i = 2; i < 10; i++) {
      window = pace.window(7, 1, i * CALM);
    }
    assertThat(window).isEqualTo(BackgroundPace.CALM_PAGES);
  }

  @Test
  void onlyLongWithoutAFaultItIsLargest() {
    int window = 0;
    for (int i = 0; i < 10; i++) {
      window = pace.window(7, 1, i * QUIET);
    }
    assertThat(window).isEqualTo(BackgroundPace.QUIET_PAGES);
    assertThat(pace.window(8, 1, 10 * QUIET)).isEqualTo(BackgroundPace.BUSY_PAGES);
  }
}
