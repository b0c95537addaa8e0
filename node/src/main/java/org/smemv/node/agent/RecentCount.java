package org.smemv.node.agent;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * A count that takes long: counted when it is asked for, but not again within a time. Any thread.
 */
final class RecentCount {
  private final LongSupplier count;
  private final long freshNanos;
  private final LongSupplier clock;
  private boolean counted;
  private long countedAt;
  private long value;

  /**
   * @param fresh how old an answer may be
   * @param clock as {@link System#nanoTime}
   */
  RecentCount(LongSupplier count, Duration fresh, LongSupplier clock) {
    this.count = count;
    this.freshNanos = fresh.toNanos();
    this.clock = clock;
  }

  /** Several who ask at once wait for one counting. */
  synchronized long get() {
    long now = clock.getAsLong();
    if (!counted || now - countedAt >= freshNanos) {
      value = count.getAsLong();
      counted = true;
      countedAt = now;
    }
    return value;
  }
}
