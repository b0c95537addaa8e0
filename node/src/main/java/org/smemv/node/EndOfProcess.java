package org.smemv.node;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits for the signal that ends a daemon, and lets it close what it holds. */
public final class EndOfProcess {
  private static final long CLOSING_SECONDS_MAX = 5;

  /** Closes what a daemon holds. */
  public interface Closing {
    /** Does it. */
    void run() throws Exception;
  }

  private EndOfProcess() {}

  /**
   * Returns when the process was told to end and what it holds is closed. The process ends then,
   * and after 5 s in any case.
   *
   * @param closing is called when the process is told to end
   */
  public static void await(Closing closing) throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(
                    () -> {
                      end.countDown();
                      awaitClosed(closed);
                    }));
    end.await();
    try {
      closing.run();
    } finally {
      // Not the end of the calling thread: that may wait for the end of the process, in exit().
      closed.countDown();
    }
  }

  private static void awaitClosed(CountDownLatch closed) {
    try {
      var _ = closed.await(CLOSING_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
