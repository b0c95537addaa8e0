package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PagerRevivalTest {
  private static final Duration SOON = Duration.ofMillis(20);

  private final AtomicInteger restarts = new AtomicInteger();

  private void restart(int failures) throws IOException {
    if (restarts.incrementAndGet() <= failures) {
      throw new IOException("no host named s1");
    }
  }

  @Test
  void aPagerThatCannotBeStartedIsTriedAgainUntilItCan() {
    PagerRevival revival = new PagerRevival("web", () -> restart(3), SOON);
    revival.broke(new IllegalStateException("a bug"));
    assertThat(revival.reason()).contains("being started again", "a bug");

    await().until(() -> revival.reason() == null);
    assertThat(restarts).hasValue(4);
  }

  @Test
  void whileItFailsTheReasonIsTold() {
    PagerRevival revival = new PagerRevival("web", () -> restart(1_000_000), SOON);
    revival.broke(new IllegalStateException("a bug"));

    await().until(() -> restarts.get() > 2);
    assertThat(revival.reason()).contains("could not be started again", "no host named s1");
  }

  @Test
  void severalThreadsThatBreakAreOneReason() throws Exception {
    PagerRevival revival = new PagerRevival("web", () -> restart(0), SOON);
    revival.broke(new IllegalStateException("the fault loop"));
    revival.broke(new IllegalStateException("the evictor"));

    await().until(() -> revival.reason() == null);
    Thread.sleep(5 * SOON.toMillis());
    assertThat(restarts).hasValue(1);
  }

  @Test
  void aPagerThatBreaksWhileItIsStartedIsStartedOnceMore() {
    PagerRevival[] itself = new PagerRevival[1];
    PagerRevival revival =
        new PagerRevival(
            "web",
            () -> {
              restart(0);
              if (restarts.get() == 1) {
                itself[0].broke(new IllegalStateException("again"));
              }
            },
            SOON);
    itself[0] = revival;
    revival.broke(new IllegalStateException("a bug"));

    await().until(() -> revival.reason() == null);
    assertThat(restarts).hasValue(2);
  }
}
