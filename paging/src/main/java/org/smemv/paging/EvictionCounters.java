package org.smemv.paging;

import java.util.concurrent.atomic.LongAdder;

/** What the evictor counts. Any thread may read. */
public final class EvictionCounters {
  private final LongAdder evicted = new LongAdder();
  private final LongAdder zeros = new LongAdder();
  private final LongAdder rewritten = new LongAdder();
  private final LongAdder lateWrites = new LongAdder();
  private final LongAdder dropped = new LongAdder();
  private final LongAdder failures = new LongAdder();

  void evicted(long pages) {
    evicted.add(pages);
  }

  void zeros(long pages) {
    zeros.add(pages);
  }

  void rewritten(long pages) {
    rewritten.add(pages);
  }

  void lateWrites(long pages) {
    lateWrites.add(pages);
  }

  void dropped(long pages) {
    dropped.add(pages);
  }

  void failure() {
    failures.increment();
  }

  /** Pages that left the main host's memory, zero pages among them. */
  public long evicted() {
    return evicted.sum();
  }

  /** Evicted pages that were all zeros and so needed no sub-host. */
  public long zeros() {
    return zeros.sum();
  }

  /** Pages that were sent but stayed, because the guest wrote to them meanwhile. */
  public long rewritten() {
    return rewritten.sum();
  }

  /** Pages that were written between the last look and the unmapping, and were put back. */
  public long lateWrites() {
    return lateWrites.sum();
  }

  /** Copies at sub-hosts that were dropped because the page came back. */
  public long dropped() {
    return dropped.sum();
  }

  /** Evictions that a sub-host or the network prevented; nothing was lost by them. */
  public long failures() {
    return failures.sum();
  }
}
