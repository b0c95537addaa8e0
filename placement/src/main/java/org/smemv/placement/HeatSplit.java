package org.smemv.placement;

/**
 * Decides, page by page, which target a page of a split VM goes to: the hottest pages that fit go
 * to the main host, the rest to the sub-hosts in proportion to what they granted. A pure function
 * of the pages seen so far; one thread.
 *
 * <p>The number of pages at each heat is known first, so the heat from which on pages go to the
 * main host is found without sorting them. Of the pages at that very heat main host and sub-hosts
 * get theirs by turns, so that all links are in use; but the main host gets some of them only at
 * the end, as many as there are hotter ones: a page that turns out hot while others are sent still
 * finds room.
 */
public final class HeatSplit {
  /** Heats are 0 to 255. */
  public static final int HEATS = 256;

  /** The index of the main host; sub-host i has index i + 1. */
  public static final int MAIN = 0;

  /** Pages in a row that go to the same sub-host, so that they travel in one piece: 256 KiB. */
  private static final int STRIPE = 64;

  private final int threshold;

  /** Of the pages at the threshold, those that go to sub-hosts, and how many of them still do. */
  private final long subsPart;

  private long subsDue;

  /** Those that the main host gets by turns with them, and how many it still does. */
  private final long mainPart;

  private long mainDue;
  private int mainStripeLeft;
  private long mainLeft;
  private final long[] subLeft;
  private final long[] subGranted;
  private int stripeTarget = -1;
  private int stripeLeft;

  /**
   * @param pagesByHeat how many pages with contents there are at each heat
   * @param mainPages pages that may go to the main host
   * @param subPages pages that may go to each sub-host
   */
  public HeatSplit(long[] pagesByHeat, long mainPages, long[] subPages) {
    if (pagesByHeat.length != HEATS) {
      throw new IllegalArgumentException(pagesByHeat.length + " heats instead of " + HEATS);
    }
    this.mainLeft = mainPages;
    this.subLeft = subPages.clone();
    this.subGranted = subPages.clone();
    long room = mainPages;
    int heat = HEATS - 1;
    while (heat >= 0 && pagesByHeat[heat] <= room) {
      room -= pagesByHeat[heat];
      heat--;
    }
    this.threshold = heat;
    this.subsPart = heat < 0 ? 0 : pagesByHeat[heat] - room;
    this.mainPart = Math.max(0, room - (mainPages - room));
    this.subsDue = subsPart;
    this.mainDue = mainPart;
  }

  /**
   * The target of the next page.
   *
   * @param heat 0..255
   * @return {@link #MAIN}, or 1 + the number of the sub-host; -1 when nobody has room left
   */
  public int place(int heat) {
    if (mainLeft > 0 && (heat > threshold || (heat == threshold && isMainsTurn()))) {
      mainLeft--;
      return MAIN;
    }
    if (stripeLeft == 0 || subLeft[stripeTarget - 1] == 0) {
      stripeTarget = emptiest();
      stripeLeft = STRIPE;
    }
    if (stripeTarget < 0) {
      return takeMain();
    }
    stripeLeft--;
    subLeft[stripeTarget - 1]--;
    return stripeTarget;
  }

  /** Whether the next page at the threshold goes to the main host. */
  private boolean isMainsTurn() {
    if (subsDue <= 0) {
      return true;
    }
    boolean behind = mainPart - mainDue < (double) (subsPart - subsDue) / subsPart * mainPart;
    if (mainStripeLeft == 0 && stripeLeft == 0 && behind) {
      mainStripeLeft = STRIPE;
    }
    if (mainStripeLeft > 0 && mainDue > 0) {
      mainStripeLeft--;
      mainDue--;
      return true;
    }
    mainStripeLeft = 0;
    subsDue--;
    return false;
  }

  /** A page that was placed there is not to go there after all. */
  public void giveBack(int target) {
    if (target == MAIN) {
      mainLeft++;
    } else {
      subLeft[target - 1]++;
    }
  }

  private int takeMain() {
    stripeLeft = 0;
    if (mainLeft == 0) {
      return -1;
    }
    mainLeft--;
    return MAIN;
  }

  private int emptiest() {
    int best = -1;
    double bestFree = 0;
    for (int i = 0; i < subLeft.length; i++) {
      double free = subGranted[i] == 0 ? 0 : (double) subLeft[i] / subGranted[i];
      if (free > bestFree) {
        best = i + 1;
        bestFree = free;
      }
    }
    return best;
  }
}
