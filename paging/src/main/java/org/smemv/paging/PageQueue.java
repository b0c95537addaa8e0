package org.smemv.paging;

import java.util.function.LongConsumer;

/**
 * Pages that wait in turn, each with the time since when, without objects: a ring that grows when
 * it is full. Owned by one thread.
 */
final class PageQueue {
  private static final int FIRST_CAPACITY = 64;

  /** Page and time, alternating; a power of two of entries. */
  private long[] ring = new long[2 * FIRST_CAPACITY];

  private int first;
  private int size;

  int size() {
    return size;
  }

  void add(long page, long startedNanos) {
    if (2 * size == ring.length) {
      grow();
    }
    int at = at(size);
    ring[at] = page;
    ring[at + 1] = startedNanos;
    size++;
  }

  private void grow() {
    long[] larger = new long[2 * ring.length];
    int untilEnd = ring.length - 2 * first;
    System.arraycopy(ring, 2 * first, larger, 0, untilEnd);
    System.arraycopy(ring, 0, larger, untilEnd, 2 * first);
    ring = larger;
    first = 0;
  }

  private int at(int index) {
    return 2 * (first + index) & (ring.length - 1);
  }

  /** The page that has waited longest; only when there is one. */
  long firstPage() {
    return ring[at(0)];
  }

  /** Since when the first page waits. */
  long firstStarted() {
    return ring[at(0) + 1];
  }

  void removeFirst() {
    first = (first + 1) & (ring.length / 2 - 1);
    size--;
  }

  void each(LongConsumer page) {
    for (int i = 0; i < size; i++) {
      page.accept(ring[at(i)]);
    }
  }
}
