package org.smemv.paging;

import java.util.concurrent.atomic.AtomicLong;
import org.smemv.placement.PageSize;
import org.smemv.placement.ShareSizes;

/**
 * How many pages of one VM its main host holds, and how many it may. A page is taken from the
 * budget before it is installed and given back after its memory was freed, so the limit is never
 * exceeded. A lower limit is reached by eviction, and the guest must go on meanwhile: until then a
 * ceiling holds that follows what is resident downwards, a little above it. Any thread may call.
 */
public final class ResidentBudget {
  private static final long FREE_MIN = 64;

  private final AtomicLong resident = new AtomicLong();
  private final long pages;
  private volatile long limit;

  /** The limit; more only while eviction is on its way down to the limit. */
  private volatile long ceiling;

  /**
   * A budget of which nothing is taken.
   *
   * @param pages of the VM; a limit as high as that needs no room for pages on their way in
   */
  ResidentBudget(long limitPages, long pages) {
    this.limit = limitPages;
    this.ceiling = limitPages;
    this.pages = pages;
  }

  /** Takes one page if the limit allows it. */
  public boolean tryTake() {
    if (resident.incrementAndGet() <= ceiling) {
      return true;
    }
    resident.decrementAndGet();
    return false;
  }

  /** Counts pages that are there already, whatever the limit says. */
  public void takeAll(long pages) {
    resident.addAndGet(pages);
  }

  /** Counts what a dead agent left here, which may be more than the limit. */
  void found(long pages) {
    synchronized (this) {
      takeAll(pages);
      ceiling = resident() <= limit ? limit : resident() + slack();
    }
  }

  /** Gives pages back. */
  public void release(long pages) {
    resident.addAndGet(-pages);
    if (ceiling > limit) {
      lowerCeiling();
    }
  }

  private synchronized void lowerCeiling() {
    long before = ceiling;
    ceiling = limit;
    // Looked at after: whoever took a page under the old ceiling is counted, nobody else will be.
    long now = resident();
    if (now > limit) {
      ceiling = Math.max(limit, Math.min(before, now + slack()));
    }
  }

  /** Pages that may come in while more leave. */
  private long slack() {
    return Math.max(FREE_MIN, limit >>> 6);
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
  public synchronized void limit(long pages) {
    limit = pages;
    lowerCeiling();
  }

  /** True when all pages of the VM may be resident. */
  boolean holdsAll() {
    return limit >= pages;
  }

  /** True when so few pages are free that eviction should begin: under 1/64 of the limit. */
  boolean isTight() {
    return !holdsAll() && limit - resident.get() < Math.max(FREE_MIN, limit >>> 6);
  }

  /** Pages to evict until 1/32 of the limit is free again; 0 or less when that much is free. */
  long excess() {
    return holdsAll() ? 0 : resident.get() - (limit - Math.max(2 * FREE_MIN, limit >>> 5));
  }

  /**
   * Pages that may come in although nobody waits for them: what is free beyond the headroom, which
   * is kept for pages that somebody waits for; 0 or less when there is no such room.
   */
  long spare() {
    long free = limit - resident.get();
    return holdsAll()
        ? free
        : free - (ShareSizes.headroomBytes(limit << PageSize.SHIFT) >>> PageSize.SHIFT);
  }
}
