package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EachSecondTest {
  private static final Duration SOON = Duration.ofMillis(1);

  @Test
  void whatBreaksIsTriedAgain() {
    AtomicInteger tries = new AtomicInteger();
    EachSecond.until(
        "breaks",
        SOON,
        () -> {
          if (tries.incrementAndGet() < 3) {
            throw new IllegalStateException("not this time");
          }
          return true;
        });
    await().until(() -> tries.get() == 3);
  }

  @Test
  void whatBreaksAtOnceIsTriedAgainToo() {
    AtomicInteger tries = new AtomicInteger();
    EachSecond.fromNow(
        "breaks",
        () -> {
          if (tries.incrementAndGet() < 3) {
            throw new OutOfMemoryError("not this time");
          }
          return true;
        });
    await().until(() -> tries.get() == 3);
  }

  @Test
  void whatNeedNotWaitIsTriedAtOnce() {
    long begin = System.nanoTime();
    AtomicLong first = new AtomicLong();
    EachSecond.fromNow(
        "at-once",
        () -> {
          first.set(System.nanoTime());
          return true;
        });
    await().until(() -> first.get() != 0);
    assertThat(first.get() - begin).isLessThan(EachSecond.PAUSE.toNanos());
  }
}
