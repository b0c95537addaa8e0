package org.smemv.paging;

import java.util.BitSet;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Pages of a VM in the middle of its move that were swapped, and need neither be sent nor told of
 * again for that: whoever is to have them has their contents, and they were not written since they
 * were sent or told. Owned by the thread that copies; what the senders did last with a page comes
 * through {@link #current}.
 *
 * <ul>
 *   <li>A page that was sent stays where it was sent, also when the source swaps it out, as long as
 *       the new main host has more room than the source can have pages.
 *   <li>A page of a sub-host that the new main host has fetched from there stays as fetched,
 *       wherever the source has it by now.
 * </ul>
 */
final class SettledPages {
  /** Of the room that is left over this part stays free: what is under way counts nowhere. */
  private static final int SPARE = 8;

  /** Pages in one answer. */
  private static final int ANSWER_PAGES = PageBatch.CAPACITY;

  private final WriteWatch watch;
  private final PageBitmap current;
  private final PageBitmap placed;
  private final long mainPages;
  private final boolean alone;
  private final BitSet kept = new BitSet();
  private final BitSet fetched = new BitSet();
  private final BitSet asked = new BitSet();
  private final PageBatch answer = new PageBatch();
  private final LongSupplier clock;
  private int keptCount;
  private long answered;
  private long asking = -1;
  private final LongAdder total = new LongAdder();

  /**
   * @param current pages of which a sender has seen last, since they were handed over, that their
   *     contents or their place are known to who is to know
   * @param placed pages of which the new main host was told last that they are elsewhere
   * @param mainPages pages that the new main host takes
   * @param alone whether all goes to the new main host
   * @param clock {@link System#nanoTime()}
   */
  SettledPages(
      WriteWatch watch,
      PageBitmap current,
      PageBitmap placed,
      long mainPages,
      boolean alone,
      LongSupplier clock) {
    this.watch = watch;
    this.current = current;
    this.placed = placed;
    this.mainPages = mainPages;
    this.alone = alone;
    this.clock = clock;
  }

  /** A page is handed to a sender, to be sent or told as it is then. */
  void handOver(int page) {
    watch.reads(page);
    boolean ignored = current.remove(page);
    fetched.clear(page);
    unkeep(page);
  }

  private void unkeep(int page) {
    if (kept.get(page)) {
      kept.clear(page);
      keptCount--;
    }
  }

  /** Between rounds: settled pages are due no more. Returns how many. */
  long leaveOut() {
    asked.clear();
    int count = watch.leaveOut(this::isSettled);
    total.add(count);
    return count;
  }

  /**
   * The same while the VM runs, when there is time to ask the new main host what it has fetched. At
   * the end of a round, after which other pages are due.
   *
   * @param main no request is under way on it
   * @throws PageLinkException when the new main host is lost
   */
  long leaveOutAsking(PageLink main) {
    long count = leaveOut();
    boolean fetches = mainPages >= watch.memory().pages();
    if (!fetches || asked.isEmpty()) {
      return count;
    }
    ask(main);
    return count + leaveOut();
  }

  /**
   * The same at the begin of a round: the pages that are due are those of which the new main host
   * was asked at the end of the one before, and while less time has passed since than asking took,
   * its answers are hardly older than new ones would be.
   */
  long leaveOutAskingAgain(PageLink main) {
    return clock.getAsLong() - answered <= asking ? leaveOut() : leaveOutAsking(main);
  }

  private void ask(PageLink main) {
    long begin = clock.getAsLong();
    askAll(main);
    answered = clock.getAsLong();
    asking = answered - begin;
  }

  private void askAll(PageLink main) {
    int page = asked.nextSetBit(0);
    while (page >= 0) {
      long next = main.list(page, ANSWER_PAGES, answer);
      for (int i = 0; i < answer.size(); i++) {
        int found = (int) answer.page(i);
        if (asked.get(found)) { // of others it was asked before, or they were sent
          fetched.set(found);
        }
      }
      page = next == 0 ? -1 : asked.nextSetBit((int) next);
    }
  }

  private boolean isSettled(int page) {
    if (!current.contains(page)) {
      return false;
    }
    if (placed.contains(page)) {
      asked.set(page);
      return fetched.get(page);
    }
    if (watch.isRemote(page)) {
      return keep(page);
    }
    unkeep(page);
    return true;
  }

  /** A page that was sent and went out: its room is not needed, or it is to be told. */
  private boolean keep(int page) {
    if (!kept.get(page)) {
      long room = alone ? mainPages - watch.table().limitPages() : 0;
      if (keptCount >= room - room / SPARE) {
        return false;
      }
      kept.set(page);
      keptCount++;
    }
    return true;
  }

  /** How often a page was not sent or told again. Any thread. */
  long total() {
    return total.sum();
  }
}
