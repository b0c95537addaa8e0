package org.smemv.paging;

import java.util.BitSet;
import org.smemv.linux.Pagemap;
import org.smemv.placement.PageSize;

/**
 * Finds cold pages: a clock hand that goes round the page table in windows. At each window the
 * pages written since the last visit become hot, all others cool down, and resident pages that are
 * cold are chosen. Visiting a window also arms it again, so that a chosen page that is written
 * afterwards is known ({@link #writtenSince}). Owned by the evictor's thread.
 */
final class ColdPages {
  /** Pages looked at in one step: 16 MiB of the guest. */
  static final int WINDOW = 4096;

  private static final int WRITTEN_HEAT = 64;

  private final PageTable table;
  private final GuestMemory memory;
  private final Pagemap pagemap;
  private final BitSet written = new BitSet(WINDOW);
  private long hand;

  ColdPages(PageTable table, GuestMemory memory, Pagemap pagemap) {
    this.table = table;
    this.memory = memory;
    this.pagemap = pagemap;
  }

  /** Begins to track writes. */
  void begin() {
    pagemap.arm(memory.base(), memory.end());
  }

  /**
   * Moves the hand over one window.
   *
   * @param chosen receives page numbers of that window, ascending
   * @return how many were chosen
   */
  int sweep(long[] chosen, int wanted) {
    long first = hand;
    long end = Math.min(first + WINDOW, table.pages());
    hand = end == table.pages() ? 0 : end;
    takeWritten(first, end, true);
    int count = 0;
    for (long page = first; page < end; page++) {
      long entry = table.get(page);
      if (PageEntry.place(entry) != PageEntry.RESIDENT || PageEntry.has(entry, PageEntry.BUSY)) {
        continue;
      }
      int heat = PageEntry.heat(entry);
      if (written.get((int) (page - first))) {
        warm(page, entry, Math.min(255, heat + WRITTEN_HEAT));
      } else if (heat > 0) {
        warm(page, entry, heat >> 1);
      } else if (count < wanted) {
        chosen[count++] = page;
      }
    }
    return count;
  }

  private void warm(long page, long entry, int heat) {
    // Lost against another thread's change, the page only keeps its heat once more.
    boolean ignored = table.compareAndSet(page, entry, PageEntry.withHeat(entry, heat));
  }

  /**
   * Keeps of {@code pages} (ascending, of one window) those that were not written since the sweep.
   *
   * @param kept is set for the index of every page that is still clean
   */
  void writtenSince(long[] pages, int count, BitSet kept) {
    long first = pages[0];
    takeWritten(first, pages[count - 1] + 1, false);
    kept.clear();
    for (int i = 0; i < count; i++) {
      kept.set(i, !written.get((int) (pages[i] - first)));
    }
  }

  /** The marks are taken, and nobody else will see them. */
  private void tell(long from, long to) {
    for (long page = from; page < to; page++) {
      table.changed().noteWritten(page);
    }
  }

  private void takeWritten(long first, long end, boolean arm) {
    written.clear();
    Pagemap.Runs mark =
        (from, to) -> {
          int start = (int) (memory.pageAt(from) - first);
          int stop = (int) (memory.pageAt(to - 1) + 1 - first);
          written.set(start, stop);
          if (arm) {
            tell(first + start, first + stop);
          }
        };
    long base = memory.address(first);
    long bytes = (end - first) << PageSize.SHIFT;
    if (arm) {
      pagemap.takeWritten(base, base + bytes, mark);
    } else {
      pagemap.peekWritten(base, base + bytes, mark);
    }
  }
}
