package org.smemv.lab;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waiting for something outside this process that has no event to wait for. */
final class Pause {
  private static final long POLL_MILLIS = 20;

  private Pause() {}

  /**
   * @throws LabException when the thread is interrupted
   */
  static void millis(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while waiting", e);
    }
  }

  /** Asks every 20 ms; false when the answer was no until the time-out. */
  static boolean until(Duration timeout, BooleanSupplier condition) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      millis(POLL_MILLIS);
    }
    return true;
  }
}
