package org.smemv.paging;

/**
 * The sub-hosts of a split VM that moves: the number that each has in the page table here, and the
 * one that it has in the table of the new main host. Immutable.
 */
public final class PlaceIndexes {
  /** Of a VM that is wholly here. */
  public static final PlaceIndexes NONE = new PlaceIndexes();

  private final int[] there;

  /**
   * Copies what is given.
   *
   * @param there the numbers at the new main host, by those here; -1 for a sub-host that has no
   *     page
   */
  public PlaceIndexes(int... there) {
    this.there = there.clone();
  }

  /**
   * The number at the new main host.
   *
   * @throws IllegalStateException when the new main host does not know that sub-host
   */
  int of(int here) {
    if (here >= there.length || there[here] < 0) {
      throw new IllegalStateException(
          "a page is at sub-host " + here + ", which the new main host is not told of");
    }
    return there[here];
  }
}
