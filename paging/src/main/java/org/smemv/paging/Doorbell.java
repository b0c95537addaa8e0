package org.smemv.paging;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Tells one sleeping thread that there is something to do; rings while it is awake count once. */
final class Doorbell {
  private final Semaphore rung = new Semaphore(0);

  /** Any thread. */
  void ring() {
    if (rung.availablePermits() == 0) {
      rung.release();
    }
  }

  /** Sleeps until the next ring, or one since the last call, or for {@code millis}. */
  void await(long millis) {
    try {
      boolean ignored = rung.tryAcquire(millis, TimeUnit.MILLISECONDS);
      rung.drainPermits();
    } catch (InterruptedException e) {
      // The threads that wait here are ended by a flag of theirs and a ring; nothing interrupts
      // them.
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for work", e);
    }
  }
}
