package org.smemv.paging;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Pages whose copy at a sub-host is to be dropped, from the fault loop to the evictor: one
 * producer, one consumer, no lock. When it is full a page is left out, and {@link #takeOverflow()}
 * tells the consumer to look for the COPY mark in the page table instead: nothing is forgotten.
 */
final class DropQueue {
  private static final int CAPACITY = 1 << 16;
  private static final int MASK = CAPACITY - 1;

  private final AtomicLongArray ring = new AtomicLongArray(CAPACITY);
  private final AtomicLong head = new AtomicLong();
  private final AtomicLong tail = new AtomicLong();
  private volatile boolean overflow;

  /** Producer only. */
  void offer(long page) {
    long at = tail.get();
    if (at - head.get() >= CAPACITY) {
      overflow = true;
      return;
    }
    ring.setPlain((int) at & MASK, page);
    tail.setRelease(at + 1);
  }

  /** Consumer only: the next page, or -1. */
  long poll() {
    long at = head.get();
    if (at == tail.getAcquire()) {
      return -1;
    }
    long page = ring.getPlain((int) at & MASK);
    head.setRelease(at + 1);
    return page;
  }

  /** How many wait. */
  int size() {
    return (int) (tail.getAcquire() - head.getAcquire());
  }

  /** Consumer only: whether pages were left out since the last call. */
  boolean takeOverflow() {
    if (!overflow) {
      return false;
    }
    overflow = false;
    return true;
  }
}
