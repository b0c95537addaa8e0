package org.smemv.paging;

import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.NativeMemory;
import org.smemv.placement.PageSize;

/**
 * The memory of a VM whose body has left (section 3.1 of the paper, post-copy): a sub-host of the
 * new main host that only gives. Pages are sent out of the RAM file itself, and a hole is punched
 * where one was dropped. It may be made while the VM still runs, so that readers are connected when
 * it stands; it has no page until {@link #serve}.
 *
 * <p>Only pages that are left here are ever touched: a hole that is touched through the mapping
 * would be filled. A page that is being sent is pinned, and its hole is punched by whoever lets go
 * of it last. That needs no lock, as pages only ever leave: a page that is dropped and then found
 * to be unpinned, by anyone, may be punched by all of them.
 *
 * <p>Any thread. The RAM file is its owner's, and nobody else writes to it.
 */
public final class LeftMemory implements PageHolder, AutoCloseable {
  private static final VarHandle PINS = ValueLayout.JAVA_INT.varHandle();

  /** Freed at once; drops wait meanwhile. */
  private static final long FREE_BYTES = 64L << 20;

  private final UUID vm;
  private final MemoryFile ram;
  private final long pages;

  /** How many are sending each page, 4 bytes each; the kernel gives what of it is touched. */
  private final long pins;

  private final Object writer = new Object();
  private final AtomicLong remaining = new AtomicLong();
  private final LongAdder served = new LongAdder();
  private volatile @Nullable PageBitmap here;
  private volatile long epoch;
  private volatile boolean closed;
  private boolean released;

  /** Holes that another agent left. */
  private volatile @Nullable PageBitmap holes;

  /**
   * @param ram the VM's memory; closed by its owner, after this
   * @param epoch of the migration: nobody of an older one is let in
   */
  public LeftMemory(UUID vm, MemoryFile ram, long epoch) {
    this.vm = vm;
    this.ram = ram;
    this.epoch = epoch;
    this.pages = ram.bytes() >>> PageSize.SHIFT;
    this.pins = NativeMemory.reserve(pages * Integer.BYTES);
  }

  /**
   * The memory of a VM that left before this agent was started: all that is in the RAM file is left
   * here. What the new main host does not place here it finds by LIST. A hole that it asks for was
   * given up by the guest, as what it got from here it does not ask for again; but where there is
   * nothing at all, the file is not the one that was left.
   */
  public static LeftMemory reopen(UUID vm, MemoryFile ram, long epoch) {
    LeftMemory left = new LeftMemory(vm, ram, epoch);
    PageBitmap present = present(ram);
    left.holes = present.count() == 0 ? null : present.complement();
    left.serve(present);
    return left;
  }

  private static PageBitmap present(MemoryFile ram) {
    PageBitmap present = new PageBitmap(ram.bytes() >>> PageSize.SHIFT);
    long data = ram.nextData(0);
    while (data < ram.bytes()) {
      long hole = ram.nextHole(data);
      for (long page = data >>> PageSize.SHIFT; page < hole >>> PageSize.SHIFT; page++) {
        present.add(page);
      }
      data = ram.nextData(hole);
    }
    return present;
  }

  /**
   * The VM stands: its pages may be had from now on. Takes no time, however large the VM is, but
   * for counting.
   *
   * @param left the pages that are left here, of which few are holes; changed by this alone from
   *     now on
   * @throws IllegalArgumentException when the set is of another VM's size
   * @throws IllegalStateException when it serves already
   */
  public void serve(PageBitmap left) {
    if (left.pages() != pages) {
      throw new IllegalArgumentException(
          "a set of %d pages for VM %s of %d".formatted(left.pages(), vm, pages));
    }
    synchronized (writer) {
      if (here != null) {
        throw new IllegalStateException("the pages of VM " + vm + " are served already");
      }
      remaining.set(left.count());
      here = left;
    }
  }

  /**
   * Once the VM cannot come back: frees all memory but that of the pages that are left here, which
   * takes its time; ends early when this is closed.
   */
  public void freeOthers() {
    long from = 0;
    while (from < ram.bytes()) {
      synchronized (writer) {
        if (closed) {
          return;
        }
        long data = ram.nextData(from);
        long end = Math.min(ram.nextHole(data), data + FREE_BYTES);
        freeOthers(data >>> PageSize.SHIFT, end >>> PageSize.SHIFT);
        from = end;
      }
    }
  }

  private void freeOthers(long from, long end) {
    PageBitmap left = serving();
    long first = left.nextMissing(from);
    while (first < end) {
      long next = left.next(first);
      long stop = next < 0 ? end : Math.min(next, end);
      punchUnpinned(first, stop);
      first = left.nextMissing(stop);
    }
  }

  /** Of pages that are not left here. */
  private void punchUnpinned(long from, long end) {
    long first = from;
    for (long page = from; page <= end; page++) {
      if (page == end || isPinned(page)) {
        punch(first, page);
        first = page + 1;
      }
    }
  }

  private void punch(long first, long end) {
    if (end > first) {
      ram.punchHole(first << PageSize.SHIFT, (end - first) << PageSize.SHIFT);
    }
  }

  private PageBitmap serving() {
    PageBitmap left = here;
    if (left == null) {
      throw new IllegalStateException("VM " + vm + " has not left yet");
    }
    return left;
  }

  /** Pages that are left here. */
  public long remaining() {
    return remaining.get();
  }

  /** Bytes of page contents that were given, repeated ones included. */
  public long servedBytes() {
    return served.sum() << PageSize.SHIFT;
  }

  @Override
  public UUID vm() {
    return vm;
  }

  /**
   * The new main host drops pages only once the VM is its own.
   *
   * @throws FrameException besides, REFUSED while the VM still runs here
   */
  @Override
  public void admit(long frameEpoch) {
    synchronized (writer) { // waits for a drop of an older epoch to end
      requireCurrent(frameEpoch);
      if (here == null) {
        throw new FrameException(
            ErrorCode.REFUSED, "VM " + vm + " has not left this host: its pages are only read");
      }
      epoch = frameEpoch;
    }
  }

  @Override
  public void admitReader(long frameEpoch) {
    requireCurrent(frameEpoch);
  }

  private void requireCurrent(long frameEpoch) {
    if (closed) {
      throw new FrameException(ErrorCode.UNKNOWN_VM, "VM " + vm + " has left nothing here");
    }
    if (frameEpoch < epoch) {
      throw new FrameException(
          ErrorCode.STALE_EPOCH,
          "VM " + vm + " is at epoch " + epoch + ", the frame is of " + frameEpoch);
    }
  }

  @Override
  public void find(PageBatch get, int from) {
    PageBitmap left = here;
    int found = 0;
    for (int i = from; i < get.size(); i++) {
      long page = get.page(i);
      if (left == null || !pin(left, page)) {
        findHole(get, i);
      } else if (isGivenUp(page)) {
        unpin(left, page);
        get.found(i, PageChecksum.ZERO_PAGE, PageFlags.ZERO | PageFlags.GIVEN_UP);
      } else {
        get.address(i, address(page), 0);
        get.found(i, checksum(page), 0);
        found++;
      }
    }
    served.add(found);
  }

  /** What was not in the RAM file when this agent found it. */
  private boolean isHole(long page) {
    PageBitmap before = holes;
    return before != null && page < pages && before.contains(page);
  }

  private void findHole(PageBatch get, int index) {
    if (isHole(get.page(index))) {
      get.found(index, PageChecksum.ZERO_PAGE, PageFlags.ZERO | PageFlags.GIVEN_UP);
    } else {
      get.found(index, 0, PageFlags.ABSENT);
    }
  }

  /**
   * A page of zeros: as it was all the time, or because the guest gave it up between its telling
   * and the stop of the VM, which the kernel does not call a write. Nobody writes here any more.
   */
  private boolean isGivenUp(long page) {
    return ZeroPages.isZero(ram.mapped(), page << PageSize.SHIFT);
  }

  private long address(long page) {
    return ram.mapped().address() + (page << PageSize.SHIFT);
  }

  private int checksum(long page) {
    return PageChecksum.of(ram.mapped(), page << PageSize.SHIFT);
  }

  /** Pins first, then looks: whoever drops a page does it the other way round. */
  private boolean pin(PageBitmap left, long page) {
    if (page >= pages || !left.contains(page)) {
      return false;
    }
    int ignored = addPin(page, 1);
    if (left.contains(page)) {
      return true;
    }
    unpin(left, page);
    return false;
  }

  private void unpin(PageBitmap left, long page) {
    if (addPin(page, -1) == 1 && !left.contains(page)) {
      punch(page, page + 1);
    }
  }

  private int addPin(long page, int change) {
    return (int) PINS.getAndAdd(NativeMemory.all(), pins + page * Integer.BYTES, change);
  }

  private boolean isPinned(long page) {
    return (int) PINS.getVolatile(NativeMemory.all(), pins + page * Integer.BYTES) != 0;
  }

  @Override
  public void release(PageBatch get) {
    PageBitmap left = here;
    for (int i = 0; i < get.size(); i++) {
      if (left != null && get.ticket(i) >= 0) {
        unpin(left, get.page(i));
      }
    }
    get.forgetTickets();
  }

  @Override
  public void drop(PageBatch batch) {
    synchronized (writer) {
      requireCurrent(batch.epoch());
      PageBitmap left = serving();
      long first = 0;
      long end = 0;
      for (int i = 0; i < batch.size(); i++) {
        long page = batch.page(i);
        if (page < pages && left.remove(page)) {
          remaining.decrementAndGet();
          if (page != end) {
            punchUnpinned(first, end);
            first = page;
          }
          end = page + 1;
        }
      }
      punchUnpinned(first, end);
    }
  }

  @Override
  public long list(long first, int max, PageBatch into) {
    PageBitmap left = serving();
    into.clear();
    if (isHole(first)) {
      // Whoever takes this page for one that was left asks from it on; others are led past it.
      into.add(first, PageChecksum.ZERO_PAGE, 0);
    }
    long page = left.next(first);
    while (page >= 0 && into.size() < max) {
      if (pin(left, page)) {
        into.add(page, checksum(page), 0);
        unpin(left, page);
      }
      page = left.next(page + 1);
    }
    return Math.max(page, 0);
  }

  @Override
  public void prepare(PageBatch put) {
    throw leaving();
  }

  @Override
  public void publish(PageBatch put) {
    throw leaving();
  }

  @Override
  public void abandon(PageBatch put) {
    // Nothing is held for a page that comes.
  }

  @Override
  public void place(PageBatch batch) {
    throw leaving();
  }

  private FrameException leaving() {
    return new FrameException(
        ErrorCode.REFUSED, "VM " + vm + " has left this host, which only gives its pages");
  }

  /**
   * Lets nobody in any more, and nothing be dropped. What is being sent at this moment still is, so
   * the pins and the RAM file stay until {@link #close}.
   */
  public void shut() {
    synchronized (writer) {
      closed = true;
    }
  }

  /**
   * Ends it. Pages that are left stay in the RAM file. Only when no connection about the VM is
   * open; see {@link PageServer#disconnect}.
   */
  @Override
  public void close() {
    synchronized (writer) {
      closed = true;
      if (!released) {
        released = true;
        NativeMemory.release(pins, pages * Integer.BYTES);
      }
    }
  }
}
