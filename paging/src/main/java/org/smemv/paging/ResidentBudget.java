package org.smemv.paging;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many pages of one VM its main host holds, and how many it may. A page is taken from the
 * budget before it is installed and given back after its memory was freed, so the limit is never
 * exceeded. Any thread may call.
 */
public final class ResidentBudget {
  private static final long FREE_MIN = 64;

  private final AtomicLong resident = new AtomicLong();
  private volatile long limit;

  /** A budget of which nothing is taken. */
  public ResidentBudget(long limitPages) {
    this.limit = limitPages;
  }

  /** Takes one page if the limit allows it. */
  public boolean tryTake() {
    if (resident.incrementAndGet() <= limit) {
      return true;
    }
    resident.decrementAndGet();
    return false;
  }

  /** Counts pages that are there already, whatever the limit says. */
  public void takeAll(long pages) {
    resident.addAndGet(pages);
  }

  /** Gives pages back. */
  public void release(long pages) {
    resident.addAndGet(-pages);
  }

  /** Pages resident or about to be. */
  public long resident() {
    return resident.get();
  }

  /** Pages that may be resident. */
  public long limit() {
    return limit;
  }

  /** Changes the limit; a lower one is reached by eviction. */
  public void limit(long pages) {
    limit = pages;
  }

  /** True when so few pages are free that eviction should begin: under 1/64 of the limit. */
  boolean isTight() {
    return limit - resident.get() < Math.max(FREE_MIN, limit >>> 6);
  }

  /** Pages to evict until 1/32 of the limit is free again; 0 or less when that much is free. */
  long excess() {
    return resident.get() - (limit - Math.max(2 * FREE_MIN, limit >>> 5));
  }
}
