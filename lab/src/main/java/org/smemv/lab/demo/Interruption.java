package org.smemv.lab.demo;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns Ctrl-C and SIGTERM into an interruption of one thread, and holds the end of the program
 * back until that thread has tidied up.
 */
final class Interruption implements AutoCloseable {
  private static final long TIDYING_SECONDS_MAX = 60;

  private final CountDownLatch over = new CountDownLatch(1);

  private Interruption() {}

  static Interruption ofThisThread() {
    Interruption interruption = new Interruption();
    Thread interrupted = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform().unstarted(() -> interruption.interruptAndWait(interrupted)));
    return interruption;
  }

  private void interruptAndWait(Thread thread) {
    if (over.getCount() == 0) {
      return;
    }
    thread.interrupt();
    try {
      var _ = over.await(TIDYING_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The thread has tidied up. */
  @Override
  public void close() {
    over.countDown();
  }
}
