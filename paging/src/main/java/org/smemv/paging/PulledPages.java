package org.smemv.paging;

import org.jspecify.annotations.Nullable;

/**
 * The pages of one PULL, from being asked for to being settled. Passed between the thread of a
 * drain and the evictor's thread; {@link #settled} says whose it is.
 */
final class PulledPages {
  final long[] pages = new long[PageBatch.CAPACITY];
  final long[] seen = new long[PageBatch.CAPACITY];
  final PageBatch answer = new PageBatch();
  int count;
  int source;
  int target;

  /** Who has that index: another one may get it. */
  @Nullable SubHost targetHost;

  volatile boolean settled = true;

  /** Says what is wanted: the pages with the checksums that their entries had. */
  void ask() {
    answer.clear();
    for (int i = 0; i < count; i++) {
      answer.add(pages[i], PageEntry.checksum(seen[i]), 0);
    }
  }

  /** After the answer: whether the target has the contents that were seen. */
  boolean arrived(int index) {
    return !isAbsent(index)
        && !isGivenUp(index)
        && answer.checksum(index) == PageEntry.checksum(seen[index]);
  }

  /** Nobody has it: it is zeros. */
  boolean isGivenUp(int index) {
    return PageFlags.isGivenUp(answer.flags(index));
  }

  boolean isAbsent(int index) {
    return PageFlags.isAbsent(answer.flags(index));
  }
}
