package org.smemv.paging;

import java.lang.foreign.Arena;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntPredicate;
import org.smemv.linux.MemoryFile;
import org.smemv.placement.PageSize;

/**
 * What a running VM writes while it is about to move, and while it moves: which pages are due to be
 * sent, and how hot each page is. The first quarter of a second is watched by a thread of its own,
 * so that other preparations need not wait; after {@link #awaitHeat()} one thread owns the watch.
 */
public final class WriteWatch implements AutoCloseable {
  private static final int LOOKS = 6;
  private static final long LOOK_MILLIS = 40;

  private final GuestMemory memory;
  private final PageTable table;
  private final DirtyTracker tracker;
  private final Arena arena = Arena.ofShared();
  private final WriteHeat heat;
  private final BitSet due;
  private final BitSet written = new BitSet();
  private final BitSet moved = new BitSet();
  private final BitSet writtenInRound = new BitSet();
  private final BitSet unwritten = new BitSet();
  private final CompletableFuture<Void> learnt = new CompletableFuture<>();
  private final Thread learner;
  private volatile long dueCount;

  private WriteWatch(GuestAttachment attachment) {
    this.memory = attachment.memory();
    this.table = attachment.table();
    this.due = new BitSet((int) memory.pages());
    this.learner = Thread.ofPlatform().name("write-watch").daemon().unstarted(this::learn);
    try {
      this.heat = new WriteHeat(arena, memory.pages());
      this.tracker = new DirtyTracker(attachment); // last: nothing that is opened by then is lost
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Begins to watch, and returns at once. */
  public static WriteWatch begin(GuestAttachment attachment) {
    WriteWatch watch = new WriteWatch(attachment);
    try {
      watch.learner.start();
    } catch (Error e) { // no thread can be made now
      watch.close();
      throw e;
    }
    return watch;
  }

  private void learn() {
    try {
      table.changed().follow(); // first: the evictor may take marks this moment
      tracker.arm();
      // After arming: a page that was first touched before counts as unwritten from now on.
      due.or(presentPages());
      addRemotePages(due);
      for (int look = 0; look < LOOKS; look++) {
        Thread.sleep(LOOK_MILLIS);
        long ignored = endRound();
      }
      learnt.complete(null);
    } catch (InterruptedException | RuntimeException | Error e) {
      learnt.completeExceptionally(e);
    }
  }

  /** Waits until it is known which pages are hot. */
  void awaitHeat() {
    try {
      learnt.join();
    } catch (CompletionException e) {
      throw new IllegalStateException("the VM's writes cannot be watched: " + e.getCause(), e);
    }
  }

  /**
   * Waits until it is known which pages are hot, and notes it in the page table of a VM that has no
   * pager yet: its first one then knows what not to evict. Nobody else may use the table.
   */
  public void noteHeat() {
    awaitHeat();
    for (long page = 0; page < table.pages(); page++) {
      int hot = heat.of(page);
      if (hot > 0) {
        table.set(page, PageEntry.withHeat(table.get(page), hot));
      }
    }
  }

  private BitSet presentPages() {
    BitSet present = new BitSet((int) memory.pages());
    MemoryFile ram = memory.ram();
    long data = ram.nextData(0);
    while (data < ram.bytes()) {
      long hole = ram.nextHole(data);
      present.set((int) (data >>> PageSize.SHIFT), (int) (hole >>> PageSize.SHIFT));
      data = ram.nextData(hole);
    }
    return present;
  }

  /** Of a VM that is split already: where they are must be told. */
  private void addRemotePages(BitSet pages) {
    for (long page = 0; page < table.pages(); page++) {
      if (isRemote(page)) {
        pages.set((int) page);
      }
    }
  }

  /** True while a page is at a sub-host of the VM; it may change any moment. */
  boolean isRemote(long page) {
    return PageEntry.place(table.get(page)) == PageEntry.REMOTE;
  }

  /** Where the VM's pages are. */
  PageTable table() {
    return table;
  }

  /** The VM's memory. */
  GuestMemory memory() {
    return memory;
  }

  /** How hot each page is. */
  WriteHeat heat() {
    return heat;
  }

  /** Takes the pages that are due: none is any more. */
  BitSet takeDue() {
    BitSet taken = (BitSet) due.clone();
    due.clear();
    return taken;
  }

  /** Pages that were taken and not sent are due again. */
  void dueAgain(BitSet pages) {
    due.or(pages);
  }

  /**
   * In the middle of a round: pages that were written are due again, but for those that are still
   * to be sent in this round, which will be sent as they are now or later.
   *
   * @param unsent pages whose contents were not read yet in this round
   */
  void look(BitSet unsent) {
    takeMoved();
    written.clear();
    long ignored = tracker.takeInto(written);
    note(unsent);
  }

  /** Before anything else is taken: what was written before it moved is then known, too. */
  private void takeMoved() {
    moved.clear();
    table.changed().takeMovedInto(moved);
  }

  private void note(BitSet unsent) {
    table.changed().takeWrittenInto(written);
    unwritten.andNot(written);
    written.or(moved);
    writtenInRound.or(written);
    written.andNot(unsent);
    due.or(written);
    dueCount = (long) due.cardinality() + unsent.cardinality();
  }

  /**
   * A page is about to be read, to be sent or told: what is written before this call will be seen
   * by who reads it, what is written later by a look.
   */
  void reads(int page) {
    unwritten.set(page);
  }

  /**
   * Pages that were not written since they were read, and moved only, need not be due for that.
   *
   * @param settled of those, whether nothing is to be done about a page
   * @return how many pages are due no more
   */
  int leaveOut(IntPredicate settled) {
    if (unwritten.isEmpty()) {
      return 0; // nothing was read yet, and all pages are due
    }
    int count = 0;
    for (int page = due.nextSetBit(0); page >= 0; page = due.nextSetBit(page + 1)) {
      if (unwritten.get(page) && settled.test(page)) {
        due.clear(page);
        count++;
      }
    }
    dueCount = due.cardinality();
    return count;
  }

  /** Pages of a kind need not be due. */
  void leaveOutAll(IntPredicate kind) {
    for (int page = due.nextSetBit(0); page >= 0; page = due.nextSetBit(page + 1)) {
      if (kind.test(page)) {
        due.clear(page);
      }
    }
    dueCount = due.cardinality();
  }

  /** True when a look in this round found the page written. */
  boolean wasWrittenInRound(int page) {
    return writtenInRound.get(page);
  }

  /**
   * At the end of a round: all pages that were written and not sent since are due.
   *
   * @return pages that were written during the round
   */
  long endRound() {
    look(new BitSet());
    heat.look(writtenInRound);
    return forgetRound();
  }

  /** The same while the VM stands and waits for it: nobody will ask for the heat any more. */
  long endLastRound() {
    takeMoved();
    written.clear();
    long ignored = tracker.takeFastInto(written);
    note(new BitSet());
    return forgetRound();
  }

  private long forgetRound() {
    long count = writtenInRound.cardinality();
    writtenInRound.clear();
    return count;
  }

  /** How many pages that are due and here there are of each heat. */
  long[] dueByHeat(int heats) {
    long[] count = new long[heats];
    for (int page = due.nextSetBit(0); page >= 0; page = due.nextSetBit(page + 1)) {
      if (!isRemote(page)) {
        count[heat.of(page)]++;
      }
    }
    return count;
  }

  /**
   * About which part of the cold pages that are due, 0 to 1, is of a kind: found from a sample that
   * is spread over the memory.
   */
  double shareOfColdDue(int samples, IntPredicate kind) {
    int stride = (int) Math.max(1, memory.pages() / samples);
    long cold = 0;
    long found = 0;
    for (int page = due.nextSetBit(0); page >= 0; page = due.nextSetBit(page + stride)) {
      if (heat.of(page) == 0 && !isRemote(page)) {
        cold++;
        found += kind.test(page) ? 1 : 0;
      }
    }
    return cold == 0 ? 0 : (double) found / cold;
  }

  /** Pages that are due, at the last look. Any thread. */
  long duePages() {
    return dueCount;
  }

  /** Ends the watch; nobody else uses it any more. */
  @Override
  public void close() {
    learner.interrupt();
    ThreadEnd.await(learner);
    table.changed().forget();
    tracker.close();
    arena.close();
  }
}
