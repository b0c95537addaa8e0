package org.smemv.paging;

import java.util.concurrent.locks.LockSupport;

/** Spreads sending evenly over time, for all senders of a migration together. */
final class BandwidthLimit {
  private static final long CREDIT_NANOS = 20_000_000;

  private final double nanosPerByte;
  private long nextFree = System.nanoTime();

  /**
   * @param bytesPerSecond 0 for no limit
   */
  BandwidthLimit(long bytesPerSecond) {
    this.nanosPerByte = bytesPerSecond <= 0 ? 0 : 1e9 / bytesPerSecond;
  }

  /** Waits until {@code bytes} more may be sent. Any thread. */
  void await(long bytes) {
    if (nanosPerByte == 0) {
      return;
    }
    long wait;
    synchronized (this) {
      long now = System.nanoTime();
      nextFree = Math.max(nextFree, now - CREDIT_NANOS) + (long) (bytes * nanosPerByte);
      wait = nextFree - now;
    }
    if (wait > 0) {
      LockSupport.parkNanos(wait);
    }
  }
}
