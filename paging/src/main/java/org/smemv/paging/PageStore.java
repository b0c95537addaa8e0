package org.smemv.paging;

import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.smemv.placement.PageSize;

/**
 * What a sub-host holds of one VM (section 4.3 of the paper): a radix tree from page number to slot
 * and checksum. Zero pages are a mark in the tree and take no slot.
 *
 * <p>A page is never changed in place: a PUT writes new slots, which take the place of the old ones
 * once all bytes are there and right, so that a sender that dies in the middle leaves the old page
 * whole. Writers take a lock once a frame; finding pages takes none, and a page that was found
 * stays as it is until it is released, whatever happens to the store.
 */
public final class PageStore implements PageHolder, AutoCloseable {
  private final UUID vm;
  private final SlabPool pool;
  private final long ramPages;
  private final PageRadix radix = new PageRadix();
  private final ReentrantLock writer = new ReentrantLock();
  private final LongAdder gets = new LongAdder();
  private volatile long grantPages;
  private volatile long epoch;
  // Under the writer's lock:
  private long pages;
  private long zeroPages;
  private long puts;
  private long drops;
  private volatile boolean closed;

  /**
   * @param ramPages the size of the VM's memory: page numbers are below it
   * @param grantPages the most pages with contents that this host agreed to hold
   * @param epoch the oldest epoch that is let in
   */
  public PageStore(UUID vm, SlabPool pool, long ramPages, long grantPages, long epoch) {
    if (ramPages < 1 || ramPages > PageFrame.PAGE_NUMBER_END || grantPages < 0) {
      throw new IllegalArgumentException(
          "VM of " + ramPages + " pages with a grant of " + grantPages);
    }
    this.vm = vm;
    this.pool = pool;
    this.ramPages = ramPages;
    this.grantPages = grantPages;
    this.epoch = epoch;
  }

  @Override
  public UUID vm() {
    return vm;
  }

  /** The most pages with contents that this host agreed to hold. */
  public long grantPages() {
    return grantPages;
  }

  /** Changes the grant. One below what is held drops nothing: it only refuses more. */
  public void grantPages(long newGrant) {
    if (newGrant < 0) {
      throw new IllegalArgumentException("a grant of " + newGrant + " pages");
    }
    grantPages = newGrant;
  }

  @Override
  public void admit(long frameEpoch) {
    if (frameEpoch != epoch || closed) {
      writer.lock(); // waits for a publish of an older epoch to end
      try {
        requireCurrent(frameEpoch);
        epoch = frameEpoch;
      } finally {
        writer.unlock();
      }
    }
  }

  @Override
  public void admitReader(long frameEpoch) {
    requireCurrent(frameEpoch);
  }

  @Override
  public void prepare(PageBatch put) {
    int contents = 0;
    for (int i = 0; i < put.size(); i++) {
      if (put.page(i) >= ramPages) {
        throw new FrameException(
            ErrorCode.REFUSED,
            "page " + put.page(i) + " is outside VM " + vm + " of " + ramPages + " pages");
      }
      contents += put.hasContents(i) ? 1 : 0;
    }
    writer.lock();
    try {
      // A first look, before megabytes are read for nothing; publish decides.
      if (pages + contents > grantPages || !pool.hasRoom(contents)) {
        long fresh = fresh(put);
        if (pages + fresh > grantPages || !pool.hasRoom(fresh)) {
          throw full(fresh);
        }
      }
    } finally {
      writer.unlock();
    }
    pool.allocate(put);
  }

  @Override
  public void publish(PageBatch put) {
    int[] old = put.spare();
    int oldCount = 0;
    writer.lock();
    try {
      requireCurrent(put.epoch());
      long fresh = fresh(put);
      if (pages + fresh > grantPages || !pool.charge(fresh)) {
        throw full(fresh);
      }
      long pagesBefore = pages;
      for (int i = 0; i < put.size(); i++) {
        long entry =
            put.hasContents(i) ? StoreEntry.of(put.ticket(i), put.checksum(i)) : StoreEntry.ZERO;
        int slot = exchange(put.page(i), entry);
        if (slot >= 0) {
          old[oldCount++] = slot;
        }
      }
      pool.uncharge(fresh - (pages - pagesBefore));
      puts += put.size();
      put.forgetTickets(); // the slots are the store's now
    } finally {
      writer.unlock();
    }
    pool.free(old, oldCount);
  }

  @Override
  public void publishMissing(PageBatch put) {
    writer.lock();
    try {
      requireCurrent(put.epoch());
      long fresh = 0;
      for (int i = 0; i < put.size(); i++) {
        fresh += isMissing(put, i) && put.hasContents(i) ? 1 : 0;
      }
      if (pages + fresh > grantPages || !pool.charge(fresh)) {
        throw full(fresh);
      }
      long pagesBefore = pages;
      for (int i = 0; i < put.size(); i++) {
        if (isMissing(put, i)) {
          boolean contents = put.hasContents(i);
          int ignored =
              exchange(
                  put.page(i),
                  contents ? StoreEntry.of(put.ticket(i), put.checksum(i)) : StoreEntry.ZERO);
          if (contents) {
            put.address(i, 0, -1); // the slot is the store's now
          }
          puts++;
        }
      }
      pool.uncharge(fresh - (pages - pagesBefore));
    } finally {
      writer.unlock();
    }
  }

  private boolean isMissing(PageBatch put, int index) {
    return !PageFlags.isAbsent(put.flags(index)) && radix.get(put.page(index)) == 0;
  }

  @Override
  public void look(PageBatch batch) {
    for (int i = 0; i < batch.size(); i++) {
      long entry = radix.get(batch.page(i));
      if (entry == 0) {
        batch.found(i, 0, PageFlags.ABSENT);
      } else {
        batch.found(i, StoreEntry.checksum(entry), StoreEntry.flags(entry));
      }
    }
  }

  @Override
  public long list(long first, int max, PageBatch into) {
    into.clear();
    long page = radix.next(first);
    while (page >= 0 && into.size() < max) {
      long entry = radix.get(page);
      if (entry != 0) {
        into.add(page, StoreEntry.checksum(entry), StoreEntry.flags(entry));
      }
      page = radix.next(page + 1);
    }
    return Math.max(page, 0);
  }

  @Override
  public void abandon(PageBatch put) {
    pool.free(put.spare(), put.takeTickets());
  }

  @Override
  public void find(PageBatch get, int from) {
    for (int i = from; i < get.size(); i++) {
      find(get, get.page(i), i);
    }
    gets.add(get.size() - from);
  }

  private void find(PageBatch get, long page, int index) {
    while (true) {
      long entry = radix.get(page);
      if (entry == 0) {
        get.found(index, 0, PageFlags.ABSENT);
        return;
      }
      if (entry == StoreEntry.ZERO) {
        get.found(index, 0, PageFlags.ZERO);
        return;
      }
      int slot = StoreEntry.slot(entry);
      if (pool.pin(slot)) {
        get.address(index, pool.address(slot), slot);
        if (radix.get(page) == entry) {
          get.found(index, (int) entry, 0);
          return;
        }
        // Replaced meanwhile, and the slot may be another page's: not this one.
        int[] spare = get.spare();
        spare[0] = slot;
        get.address(index, 0, -1);
        pool.free(spare, 1);
      }
    }
  }

  @Override
  public void release(PageBatch get) {
    pool.free(get.spare(), get.takeTickets());
  }

  @Override
  public void drop(PageBatch batch) {
    int[] old = batch.spare();
    int oldCount = 0;
    writer.lock();
    try {
      requireCurrent(batch.epoch());
      for (int i = 0; i < batch.size(); i++) {
        int slot = exchange(batch.page(i), 0);
        if (slot >= 0) {
          old[oldCount++] = slot;
        }
      }
      pool.uncharge(oldCount);
      drops += batch.size();
    } finally {
      writer.unlock();
    }
    pool.free(old, oldCount);
  }

  @Override
  public void place(PageBatch batch) {
    throw new FrameException(
        ErrorCode.REFUSED, "VM " + vm + " is not incoming here: this host only holds its pages");
  }

  /** Puts an entry in the tree and counts; returns the slot that it replaced, or -1. */
  private int exchange(long page, long entry) {
    long before = radix.set(page, entry);
    zeroPages += (entry == StoreEntry.ZERO ? 1 : 0) - (before == StoreEntry.ZERO ? 1 : 0);
    pages += (StoreEntry.hasSlot(entry) ? 1 : 0) - (StoreEntry.hasSlot(before) ? 1 : 0);
    return StoreEntry.hasSlot(before) ? StoreEntry.slot(before) : -1;
  }

  /** Pages of the batch that would be stored beside, not in place of, what is stored. */
  private long fresh(PageBatch put) {
    long fresh = 0;
    for (int i = 0; i < put.size(); i++) {
      fresh += put.hasContents(i) && !StoreEntry.hasSlot(radix.get(put.page(i))) ? 1 : 0;
    }
    return fresh;
  }

  private FrameException full(long fresh) {
    return new FrameException(
        ErrorCode.CAPACITY,
        "no room for "
            + fresh
            + " more pages of VM "
            + vm
            + ": it has "
            + pages
            + " of "
            + grantPages
            + " granted, the host "
            + pool.chargedPages()
            + " of "
            + pool.capacityPages());
  }

  private void requireCurrent(long frameEpoch) {
    if (closed) {
      throw new FrameException(ErrorCode.UNKNOWN_VM, "VM " + vm + " is no longer held here");
    }
    if (frameEpoch < epoch) {
      throw new FrameException(
          ErrorCode.STALE_EPOCH,
          "VM " + vm + " is at epoch " + epoch + ", the frame is of " + frameEpoch);
    }
  }

  /** What the store holds and did. Waits for a frame that is being published. */
  public Status status() {
    writer.lock();
    try {
      return new Status(
          epoch, pages, zeroPages, grantPages, radix.bytes(), puts, gets.sum(), drops);
    } finally {
      writer.unlock();
    }
  }

  /** Forgets all pages. Those that are being sent go when they were sent. */
  @Override
  public void close() {
    writer.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      int[] one = new int[1];
      radix.forEach(
          (page, entry) -> {
            if (StoreEntry.hasSlot(entry)) {
              one[0] = StoreEntry.slot(entry);
              pool.free(one, 1);
            }
          });
      radix.clear();
      pool.uncharge(pages);
      pages = 0;
      zeroPages = 0;
    } finally {
      writer.unlock();
    }
  }

  /**
   * The state of a store.
   *
   * @param epoch the newest epoch it has seen
   * @param pages pages with contents, 4096 bytes each
   * @param zeroPages pages that are only a mark
   * @param grantPages the most pages with contents that it takes
   * @param indexBytes heap that its tree uses
   * @param puts pages stored since it began, zero marks and replacements included
   * @param gets pages asked for, absent ones included
   * @param drops pages asked to be forgotten, absent ones included
   */
  public record Status(
      long epoch,
      long pages,
      long zeroPages,
      long grantPages,
      long indexBytes,
      long puts,
      long gets,
      long drops) {
    /** Bytes of page contents. */
    public long bytes() {
      return pages * PageSize.BYTES;
    }
  }
}
