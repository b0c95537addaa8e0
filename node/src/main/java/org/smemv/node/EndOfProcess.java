package org.smemv.node;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits for the signal that ends a daemon, and lets it close what it holds. */
public final class EndOfProcess {
  private static final long CLOSING_SECONDS_MAX = 5;

  private EndOfProcess() {}

  /**
   * Returns when the process was told to end; it ends when the calling thread does, or after 5 s.
   */
  public static void await() throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(
                    () -> {
                      end.countDown();
                      try {
                        main.join(TimeUnit.SECONDS.toMillis(CLOSING_SECONDS_MAX));
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                    }));
    end.await();
  }
}
