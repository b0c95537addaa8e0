package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.smemv.linux.Pipe;
import org.smemv.linux.UserFaultFd.Outcome;
import org.smemv.placement.PageSize;

/**
 * Takes the pages of one batch out of a running guest without stopping its writers:
 *
 * <ol>
 *   <li>read the contents and store them on a sub-host, which acknowledges; the pages are armed, so
 *       that writes show
 *   <li>pages written meanwhile stay
 *   <li>the entries of the others name the sub-host, and their final pages go by reference into a
 *       pipe that lives in QEMU; only then are they punched out of the RAM file, and from now on an
 *       access faults and waits
 *   <li>what is in the pipe is compared with what was sent: a write that slipped in between is
 *       found here, and its page is put back
 * </ol>
 *
 * The journal says which pages are in the pipe, so at no instant is the agent the only one that has
 * a page. Owned by the evictor's thread.
 */
final class PageEviction {
  /** The pages could not be stored; all of them are still where they were. */
  static final class NotStored extends Exception {
    private static final long serialVersionUID = 1L;

    NotStored(int host, RuntimeException cause) {
      super("sub-host " + host + " did not take the pages: " + cause.getMessage(), cause);
    }
  }

  private final PageTable table;
  private final ResidentBudget budget;
  private final GuestMemory memory;
  private final PageInstaller installer;
  private final ColdPages cold;
  private final EvictionPipe pipe;
  private final SwapTargets targets;
  private final StaleCopies copies;
  private final EvictionCounters counters;
  private final Runnable done;

  private final MemorySegment sent =
      Arena.ofAuto().allocate((long) EvictionJournal.PAGES_MAX * PageSize.BYTES, PageSize.BYTES);
  private final MemorySegment last = Arena.ofAuto().allocate(PageSize.BYTES, PageSize.BYTES);
  private final int[] checksums = new int[EvictionJournal.PAGES_MAX];
  private final boolean[] zero = new boolean[EvictionJournal.PAGES_MAX];
  private final int[] slots = new int[EvictionJournal.PAGES_MAX];
  private final long[] leaving = new long[EvictionJournal.PAGES_MAX];
  private final BitSet clean = new BitSet(EvictionJournal.PAGES_MAX);
  private final PageBatch puts = new PageBatch();

  PageEviction(
      PageTable table,
      ResidentBudget budget,
      GuestMemory memory,
      PageInstaller installer,
      ColdPages cold,
      EvictionPipe pipe,
      SwapTargets targets,
      StaleCopies copies,
      EvictionCounters counters,
      Runnable done) {
    this.table = table;
    this.budget = budget;
    this.memory = memory;
    this.installer = installer;
    this.cold = cold;
    this.pipe = pipe;
    this.targets = targets;
    this.copies = copies;
    this.counters = counters;
    this.done = done;
  }

  /**
   * Evicts what it can of the chosen pages.
   *
   * @param pages armed resident pages of one sweep, ascending
   * @param host where their contents go; -1 for nowhere, then only pages of zeros leave
   * @return pages that left
   * @throws NotStored when the sub-host did not take them; nothing has changed
   */
  int run(long[] pages, int count, int host) throws NotStored {
    readAndStore(pages, count, host);
    cold.writtenSince(pages, count, clean);
    int leavingCount = mark(pages, count, host);
    if (leavingCount == 0) {
      return 0;
    }
    int filled = pipe.fill(leaving, leavingCount);
    for (int i = filled; i < leavingCount; i++) {
      stay(leaving[i]);
    }
    punch(filled);
    int gone = settle(filled);
    pipe.empty();
    budget.release(gone);
    counters.evicted(gone);
    done.run();
    return gone;
  }

  private void readAndStore(long[] pages, int count, int host) throws NotStored {
    puts.clear();
    for (int i = 0; i < count; i++) {
      long at = (long) i * PageSize.BYTES;
      memory.ram().read(pages[i] << PageSize.SHIFT, sent.address() + at, PageSize.BYTES);
      zero[i] = ZeroPages.isZero(sent, at);
      checksums[i] = zero[i] ? 0 : PageChecksum.of(sent, at);
      if (!zero[i] && host >= 0 && noteCopy(pages[i], host, checksums[i])) {
        puts.add(pages[i], checksums[i], 0, sent.address() + at);
      }
    }
    if (puts.size() > 0) {
      try {
        targets.put(host, puts);
      } catch (RuntimeException e) {
        throw new NotStored(host, e);
      }
    }
  }

  /**
   * Before anything is sent the entry says that the sub-host may have a copy, so none is ever
   * forgotten. A page that has a copy already must lose that first.
   */
  private boolean noteCopy(long page, int host, int checksum) {
    long entry = table.get(page);
    return PageEntry.place(entry) == PageEntry.RESIDENT
        && !PageEntry.has(entry, PageEntry.BUSY | PageEntry.COPY)
        && table.compareAndSet(
            page, entry, PageEntry.residentWithCopy(host, checksum, PageEntry.heat(entry)));
  }

  /** Turns the entries of clean pages to their new place; faults on them wait from now on. */
  private int mark(long[] pages, int count, int host) {
    int marked = 0;
    int put = 0;
    for (int i = 0; i < count; i++) {
      boolean stored = put < puts.size() && puts.page(put) == pages[i];
      put += stored ? 1 : 0;
      long entry = table.get(pages[i]);
      boolean leaves = clean.get(i) && (stored || (zero[i] && !hasCopy(entry)));
      if (leaves && moveEntry(pages[i], entry, host, i)) {
        leaving[marked] = pages[i];
        slots[marked] = i;
        marked++;
      } else {
        counters.rewritten(stored ? 1 : 0);
        copies.add(pages[i]);
      }
    }
    return marked;
  }

  private static boolean hasCopy(long entry) {
    return PageEntry.has(entry, PageEntry.COPY);
  }

  private boolean moveEntry(long page, long entry, int host, int slot) {
    if (PageEntry.place(entry) != PageEntry.RESIDENT || PageEntry.has(entry, PageEntry.BUSY)) {
      return false;
    }
    long moved = zero[slot] ? PageEntry.ZERO : PageEntry.remote(host, checksums[slot], 0);
    return table.compareAndSet(page, entry, moved | PageEntry.EVICTING);
  }

  private void punch(int count) {
    for (int i = 0; i < count; ) {
      int run = 1;
      while (i + run < count && leaving[i + run] == leaving[i] + run) {
        run++;
      }
      memory.ram().punchHole(leaving[i] << PageSize.SHIFT, (long) run << PageSize.SHIFT);
      i += run;
    }
  }

  /** Compares the final contents with what was sent; returns how many pages are gone for good. */
  private int settle(int count) {
    int gone = 0;
    Pipe copy = pipe.duplicate();
    for (int i = 0; i < count; i++) {
      copy.read(last.address(), PageSize.BYTES);
      long at = (long) slots[i] * PageSize.BYTES;
      if (MemorySegment.mismatch(last, 0, PageSize.BYTES, sent, at, at + PageSize.BYTES) < 0) {
        long entry = table.get(leaving[i]);
        table.set(leaving[i], entry & ~PageEntry.EVICTING);
        // Zeros may be what the guest gave up, which the kernel does not call written.
        table.changed().note(leaving[i], !zero[slots[i]]);
        counters.zeros(zero[slots[i]] ? 1 : 0);
        gone++;
      } else {
        putBack(leaving[i]);
        stay(leaving[i]);
        copies.add(leaving[i]);
        counters.lateWrites(1);
      }
    }
    return gone;
  }

  private void putBack(long page) {
    Outcome outcome = installer.contents(page, last.address(), false);
    if (outcome != Outcome.INSTALLED && outcome != Outcome.GONE) {
      // The pipe in QEMU still has the page: recovery puts it back.
      throw new IllegalStateException("page " + page + " could not be put back: " + outcome);
    }
  }

  private void stay(long page) {
    long entry = table.get(page);
    table.set(
        page,
        PageEntry.place(entry) == PageEntry.REMOTE
            ? PageEntry.residentWithCopy(PageEntry.host(entry), PageEntry.checksum(entry), 255)
            : PageEntry.resident(255));
    // Who reads pages meanwhile may have read the hole; and the punching took the kernel's mark.
    table.changed().noteWritten(page);
  }
}
