package org.smemv.paging;

/**
 * Has sub-hosts forget the copies of pages that are resident again. The COPY mark in the page table
 * is the truth and survives the agent; this only says when to act on it. A mark is cleared when the
 * sub-host has confirmed. Owned by the evictor's thread, except {@link #lookEverywhere()}.
 */
final class StaleCopies {
  private final PageTable table;
  private final DropQueue queue;
  private final SwapTargets targets;
  private final EvictionCounters counters;
  private final PageBatch drops = new PageBatch();
  private volatile boolean lookEverywhere;
  private int host;

  StaleCopies(PageTable table, DropQueue queue, SwapTargets targets, EvictionCounters counters) {
    this.table = table;
    this.queue = queue;
    this.targets = targets;
    this.counters = counters;
  }

  /**
   * Marks may be anywhere in the table: after a restart, or when a sub-host came back. Any thread.
   */
  void lookEverywhere() {
    lookEverywhere = true;
  }

  /** Drops everything that is known to be stale by now. */
  void dropAll() {
    boolean overflow = queue.takeOverflow();
    if (lookEverywhere || overflow) {
      lookEverywhere = false;
      for (long page = 0; page < table.pages(); page++) {
        add(page);
      }
    }
    for (long page = queue.poll(); page >= 0; page = queue.poll()) {
      add(page);
    }
    send();
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
