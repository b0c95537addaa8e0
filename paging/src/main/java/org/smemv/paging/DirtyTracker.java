package org.smemv.paging;

import java.util.BitSet;
import org.smemv.linux.Pagemap;

/**
 * Which pages of a running VM were written: collects the kernel's marks into a set of page numbers.
 * One thread at a time.
 */
public final class DirtyTracker implements AutoCloseable {
  private final GuestMemory memory;
  private final Pagemap pagemap;

  DirtyTracker(GuestAttachment attachment) {
    this.memory = attachment.memory();
    this.pagemap = Pagemap.of(attachment.pid()); // the evictor has one of its own
  }

  /** Begins: no page counts as written. */
  void arm() {
    pagemap.arm(memory.base(), memory.end());
  }

  /**
   * Adds the pages written since the last call, or since {@link #arm}.
   *
   * @return how many there were
   */
  long takeInto(BitSet written) {
    long[] count = new long[1];
    pagemap.takeWritten(
        memory.base(),
        memory.end(),
        (start, end) -> {
          int from = (int) memory.pageAt(start);
          int to = (int) memory.pageAt(end - 1) + 1;
          count[0] += to - from;
          written.set(from, to);
        });
    return count[0];
  }

  @Override
  public void close() {
    pagemap.close();
  }
}
