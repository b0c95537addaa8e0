package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.smemv.linux.Pipe;
import org.smemv.paging.EvictionJournal.Phase;
import org.smemv.placement.PageSize;

/**
 * The pipe inside QEMU that holds, by reference, the pages which are being evicted, with the
 * journal that says which they are. Reading a pipe consumes it, so what it holds is looked at
 * through a duplicate (tee(2)) and only thrown away when every page is safe elsewhere.
 */
final class EvictionPipe implements AutoCloseable {
  private final GuestMemory memory;
  private final EvictionJournal journal;
  private final Pipe inQemu;
  private final Pipe here;
  private final MemorySegment waste =
      Arena.ofAuto().allocate((long) EvictionJournal.PAGES_MAX * PageSize.BYTES, PageSize.BYTES);

  EvictionPipe(GuestMemory memory, EvictionJournal journal, Pipe inQemu) {
    this.memory = memory;
    this.journal = journal;
    this.inQemu = inQemu;
    this.here = Pipe.create();
    int bytes = EvictionJournal.PAGES_MAX * PageSize.BYTES;
    try {
      inQemu.resize(bytes);
      here.resize(bytes);
    } catch (RuntimeException e) {
      here.close();
      throw e;
    }
  }

  /**
   * Puts the pages into the pipe, in order, and opens the time in which they may be punched.
   *
   * @return how many fitted
   */
  int fill(long[] pages, int count) {
    journal.begin(pages, count);
    int filled = 0;
    while (filled < count) {
      int run = 1;
      while (filled + run < count && pages[filled + run] == pages[filled] + run) {
        run++;
      }
      long bytes = (long) run << PageSize.SHIFT;
      long put = memory.ram().spliceInto(inQemu, pages[filled] << PageSize.SHIFT, bytes);
      filled += (int) (put >>> PageSize.SHIFT);
      if (put < bytes) {
        break;
      }
    }
    journal.punching(filled);
    return filled;
  }

  /** The pages in the pipe, to be read here; those in QEMU stay. */
  Pipe duplicate() {
    int waiting = inQemu.waiting();
    int copied = inQemu.tee(here, waiting);
    if (copied != waiting) {
      throw new IllegalStateException(
          "tee(2) gave " + copied + " of " + waiting + " bytes of the eviction pipe");
    }
    return here;
  }

  /** Forgets the pages: every one of them is safe where its entry says. */
  void empty() {
    journal.phase(Phase.DRAINING);
    throwAway();
    journal.phase(Phase.IDLE);
  }

  /** Pages that a dead agent left here, in the order of the journal; 0 when all were safe. */
  int leftBehind() {
    if (journal.phase() != Phase.PUNCHING) {
      empty();
      return 0;
    }
    return Math.min(journal.count(), inQemu.waiting() >>> PageSize.SHIFT);
  }

  long page(int index) {
    return journal.page(index);
  }

  private void throwAway() {
    int waiting = inQemu.waiting();
    while (waiting > 0) {
      int part = (int) Math.min(waiting, waste.byteSize());
      inQemu.read(waste.address(), part);
      waiting -= part;
    }
  }

  /** Closes the duplicate only; the pipe in QEMU belongs to the attachment. */
  @Override
  public void close() {
    here.close();
  }
}
