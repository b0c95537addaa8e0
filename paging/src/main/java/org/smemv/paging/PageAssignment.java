package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.LongAdder;
import org.smemv.placement.HeatSplit;
import org.smemv.placement.PageSize;

/**
 * Which target of a migration each page goes to: decided when it is first found to have contents,
 * by how hot it is then. Owned by the thread that copies, but for {@link #zeroPages}.
 */
final class PageAssignment {
  /** No target: a page of zeros so far. */
  static final int NONE = -1;

  /** What a page that was written in the very round counts as, however cold it was before. */
  private static final int WRITTEN_HEAT = 128;

  private static final int PROBE_BYTES = 64;

  /** Pages that are looked at beforehand to learn how many are zeros: some milliseconds. */
  private static final int SAMPLES = 4096;

  private final WriteWatch watch;
  private final GuestMemory memory;
  private final WriteHeat heat;
  private final MemorySegment assigned;
  private final MemorySegment page;
  private final HeatSplit split;
  private final LongAdder zeroPages = new LongAdder();

  /**
   * @param watch that has learnt which pages are hot
   * @param arena for as long as this is used
   * @param mainPages pages that may go to the main host
   * @param subPages pages that may go to each sub-host
   */
  PageAssignment(WriteWatch watch, Arena arena, long mainPages, long[] subPages) {
    this.watch = watch;
    this.memory = watch.memory();
    this.heat = watch.heat();
    this.assigned = arena.allocate(memory.pages());
    assigned.fill((byte) NONE);
    this.page = arena.allocate(PageSize.BYTES, PageSize.BYTES);
    long[] pagesByHeat = watch.dueByHeat(HeatSplit.HEATS);
    // Zeros need no room anywhere, and there are many among the pages that nobody writes.
    pagesByHeat[0] -= (long) (pagesByHeat[0] * watch.shareOfColdDue(SAMPLES, this::isZero));
    this.split = new HeatSplit(pagesByHeat, mainPages, subPages);
  }

  /** The target of a page, or {@link #NONE}. */
  int of(long number) {
    return assigned.get(ValueLayout.JAVA_BYTE, number);
  }

  /**
   * Assigns a page that has no target yet; it has none afterwards if it is zeros.
   *
   * @throws FrameException CAPACITY when no target has room left
   */
  int assign(int number) {
    if (isZero(number)) {
      zeroPages.increment();
      return NONE;
    }
    int target = split.place(heatOf(number));
    if (target < 0) {
      throw new FrameException(
          ErrorCode.CAPACITY, "no target has room left for page " + number + " of the VM");
    }
    assigned.set(ValueLayout.JAVA_BYTE, number, (byte) target);
    return target;
  }

  /** A page does not go to its target after all. */
  void giveBack(long number) {
    split.giveBack(of(number));
    assigned.set(ValueLayout.JAVA_BYTE, number, (byte) NONE);
  }

  private int heatOf(int number) {
    int known = heat.of(number);
    return watch.wasWrittenInRound(number) ? Math.max(known, WRITTEN_HEAT) : known;
  }

  /** Nearly every page that is not zero shows it in its first bytes: only those are read first. */
  boolean isZero(long number) {
    memory.ram().read(number << PageSize.SHIFT, page.address(), PROBE_BYTES);
    if (!ZeroPages.isZero(page, 0, PROBE_BYTES)) {
      return false;
    }
    memory.ram().read(number << PageSize.SHIFT, page.address(), PageSize.BYTES);
    return ZeroPages.isZero(page, 0);
  }

  /** Pages that were found to be zeros. Any thread. */
  long zeroPages() {
    return zeroPages.sum();
  }
}
