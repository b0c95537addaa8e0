package org.smemv.paging;

import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What is counted while one sub-host is drained. Any thread. */
final class DrainCounters {
  private final LongAdder gathered = new LongAdder();
  private final LongAdder relocated = new LongAdder();
  private volatile @Nullable String stalled;

  void gathered(long pages) {
    gathered.add(pages);
    moved(pages);
  }

  void relocated(long pages) {
    relocated.add(pages);
    moved(pages);
  }

  private void moved(long pages) {
    if (pages > 0) {
      stalled = null;
    }
  }

  void done() {
    stalled = null;
  }

  void stalled(String why) {
    stalled = why;
  }

  long gathered() {
    return gathered.sum();
  }

  long relocated() {
    return relocated.sum();
  }

  /** Why nothing moves at the moment; null when something does. */
  @Nullable String stalled() {
    return stalled;
  }
}
