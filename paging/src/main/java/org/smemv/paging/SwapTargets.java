package org.smemv.paging;

/**
 * The sub-hosts as the evictor sees them. All calls come from the evictor's thread and wait for the
 * sub-host's acknowledgement, within a time-out.
 */
interface SwapTargets {
  /**
   * The sub-host to put the next pages on: one that stays, can be reached and has room for {@code
   * pages}, and of those the one with the largest part of its grant free; -1 when there is none.
   */
  int choose(int pages);

  /**
   * Stores pages on a sub-host. When it returns, the sub-host has them.
   *
   * @throws RuntimeException when it refused them or cannot be reached; it may then hold some of
   *     them
   */
  void put(int host, PageBatch pages);

  /** Counts copies as gone from a sub-host, after their marks were cleared. */
  void dropped(int host, int pages);

  /**
   * True when a sub-host answers but has nothing of the VM any more, or is none of the VM any more.
   */
  boolean hasForgotten(int host);

  /**
   * Has a sub-host forget pages. In order with {@link #put} to the same host.
   *
   * @throws RuntimeException when it cannot be reached; it may then still hold them
   */
  void drop(int host, PageBatch pages);
}
