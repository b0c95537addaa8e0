package org.smemv.paging;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Has sub-hosts forget the copies of pages that are resident again. The COPY mark in the page table
 * is the truth and survives the agent; this only says when to act on it. A mark is cleared when the
 * sub-host has confirmed. Owned by the evictor's thread, except {@link #lookEverywhere()}.
 */
final class StaleCopies {
  /** Entries looked at in one go: half a megabyte of the table. */
  static final int SLICE = 1 << 16;

  /** Drops in one go, of up to {@link PageBatch#CAPACITY} pages each. */
  private static final int EXCHANGES_MAX = 8;

  private final PageTable table;
  private final List<DropQueue> queues = new CopyOnWriteArrayList<>();
  private final SwapTargets targets;
  private final EvictionCounters counters;
  private final PageBatch drops = new PageBatch();
  private volatile boolean lookEverywhere;
  private int host;
  private int exchanges;
  private long next;
  private long unseen;

  StaleCopies(PageTable table, DropQueue queue, SwapTargets targets, EvictionCounters counters) {
    this.table = table;
    this.queues.add(queue);
    this.targets = targets;
    this.counters = counters;
  }

  /** Takes pages from one more producer. Any thread. */
  void alsoFrom(DropQueue queue) {
    queues.add(queue);
  }

  /** A producer is done; what it has not handed over is found in the table. Any thread. */
  void noLongerFrom(DropQueue queue) {
    if (queues.remove(queue) && queue.size() > 0) {
      lookEverywhere();
    }
  }

  /**
   * Marks may be anywhere in the table: after a restart, or when a sub-host came back. Any thread.
   */
  void lookEverywhere() {
    lookEverywhere = true;
  }

  /**
   * Drops some of what is known to be stale by now: a short piece of work, as no page leaves
   * meanwhile.
   *
   * @return true when there is more to do
   */
  boolean dropSome() {
    boolean left = false;
    exchanges = 0;
    for (DropQueue queue : queues) {
      lookEverywhere |= queue.takeOverflow();
      dropQueued(queue);
      left |= queue.size() > 0;
    }
    walk();
    send();
    return unseen > 0 || left;
  }

  private void dropQueued(DropQueue queue) {
    while (exchanges < EXCHANGES_MAX) {
      long page = queue.poll();
      if (page < 0) {
        return;
      }
      add(page);
    }
  }

  /** Looks at the next slice of the table, if there is reason to look at all of it. */
  private void walk() {
    if (lookEverywhere) {
      lookEverywhere = false;
      // From where it is, once round: whatever is marked by now is met.
      unseen = table.pages();
    }
    exchanges = 0;
    long slice = Math.min(unseen, SLICE);
    while (slice > 0 && exchanges < EXCHANGES_MAX) {
      add(next);
      next = next + 1 == table.pages() ? 0 : next + 1;
      slice--;
      unseen--;
    }
  }

  /** Drops the copy of a page, soon; {@link #send()} is the latest. */
  void add(long page) {
    long entry = table.get(page);
    if (PageEntry.place(entry) != PageEntry.RESIDENT || !PageEntry.has(entry, PageEntry.COPY)) {
      return;
    }
    int at = PageEntry.host(entry);
    if (drops.room() == 0 || (drops.size() > 0 && at != host)) {
      send();
    }
    host = at;
    drops.add(page);
  }

  /** Drops the copies of the first {@code count} pages now. */
  void addAll(long[] pages, int count) {
    for (int i = 0; i < count; i++) {
      add(pages[i]);
    }
    send();
  }

  void send() {
    if (drops.size() == 0) {
      return;
    }
    exchanges++;
    try {
      targets.drop(host, drops);
      clearMarks();
    } catch (RuntimeException e) {
      counters.failure();
      if (targets.hasForgotten(host)) {
        clearMarks();
      }
      // Else the marks stay; lookEverywhere() is called when the host is back.
    } finally {
      drops.clear();
    }
  }

  private void clearMarks() {
    int cleared = 0;
    for (int i = 0; i < drops.size(); i++) {
      cleared += clearMark(drops.page(i)) ? 1 : 0;
    }
    targets.dropped(host, cleared);
    counters.dropped(cleared);
  }

  private boolean clearMark(long page) {
    while (true) {
      long entry = table.get(page);
      if (!PageEntry.has(entry, PageEntry.COPY)) {
        return false;
      }
      if (table.compareAndSet(page, entry, entry & ~PageEntry.COPY)) {
        return true;
      }
    }
  }
}
