package org.smemv.paging;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.NativeMemory;
import org.smemv.placement.PageSize;

/**
 * The off-heap memory of a host's page stores: slots of one page in slabs of 4 MiB, shared by all
 * VMs. A slab that is wholly free gives its memory back to the kernel, but for a few that are kept
 * warm, so that a store which swaps pages does not fault each one in again.
 *
 * <p>Two limits. The <em>charge</em> is what stores hold, and never exceeds the capacity. Slots are
 * a little more than the capacity, as a frame on its way in has slots before anything is stored.
 *
 * <p>A slot is counted: one reference of its store, one of each reader; the last to go frees it.
 * The lock is taken once per frame, never to read.
 */
public final class SlabPool implements AutoCloseable {
  /** Bytes of a slab: two huge pages of x86-64. */
  public static final int SLAB_BYTES = 4 << 20;

  static final int SLOTS = SLAB_BYTES / PageSize.BYTES;

  /** Wholly free slabs that stay with us: 8 MiB. */
  static final int WARM_SLABS_MAX = 2;

  private static final int SLOTS_SHIFT = 10;
  private static final VarHandle REFERENCES = MethodHandles.arrayElementVarHandle(int[].class);

  /** One slab: which of its slots are free (under the lock), and who uses the others. */
  private static final class Slab {
    final long[] freeBits = new long[SLOTS / Long.SIZE];
    final int[] references = new int[SLOTS];
    int free = SLOTS;
    boolean warm;
    boolean leaving;

    Slab() {
      Arrays.fill(freeBits, -1L);
    }
  }

  private final Object lock = new Object();
  private final long base;
  private final long capacityPages;
  private final @Nullable Slab[] slabs;
  private final AtomicLong charged = new AtomicLong();
  private int lowestFree;
  private int warmIdle;
  private int warm;
  private boolean closed;

  /**
   * Reserves address space only; memory is used as pages come.
   *
   * @param capacityPages the most pages that stores hold together, up to 4 TiB
   * @param framesMax frames that may be on their way in at once, each with up to 256 slots
   */
  public SlabPool(long capacityPages, int framesMax) {
    long slots = capacityPages + (long) framesMax * PageFrame.PAGES_MAX;
    if (capacityPages < 0 || framesMax < 1 || slots > 1L << 30) {
      throw new IllegalArgumentException(
          capacityPages + " pages and " + framesMax + " frames are not a size of a pool");
    }
    this.capacityPages = capacityPages;
    this.slabs = new Slab[Math.toIntExact((slots + SLOTS - 1) / SLOTS)];
    this.base = NativeMemory.reserve(bytes());
    NativeMemory.preferHugePages(base, bytes());
  }

  private long bytes() {
    return (long) slabs.length * SLAB_BYTES;
  }

  /** The most pages that stores hold together. */
  public long capacityPages() {
    return capacityPages;
  }

  /** Pages that stores hold now. */
  public long chargedPages() {
    return charged.get();
  }

  /** Memory that the kernel has given at most, in bytes: slabs in use or warm. */
  public long memoryBytes() {
    synchronized (lock) {
      return (long) warm * SLAB_BYTES;
    }
  }

  /** Heap that the pool uses for its own account, in bytes. */
  public long indexBytes() {
    synchronized (lock) {
      long used = 0;
      for (Slab slab : slabs) {
        used += slab == null ? 0 : SLOTS * 4 + SLOTS / 8 + 64;
      }
      return used;
    }
  }

  /** Slots that somebody holds: a store, a frame on its way in, or a reader. */
  int slotsInUse() {
    synchronized (lock) {
      int used = 0;
      for (Slab slab : slabs) {
        used += slab == null ? 0 : SLOTS - slab.free;
      }
      return used;
    }
  }

  /** Counts {@code pages} more as stored, unless that would exceed the capacity. */
  boolean charge(long pages) {
    long now;
    do {
      now = charged.get();
      if (now + pages > capacityPages) {
        return false;
      }
    } while (!charged.compareAndSet(now, now + pages));
    return true;
  }

  void uncharge(long pages) {
    charged.addAndGet(-pages);
  }

  /** True when {@code pages} more could be stored now. */
  boolean hasRoom(long pages) {
    return charged.get() + pages <= capacityPages;
  }

  long address(int slot) {
    return base + (long) slot * PageSize.BYTES;
  }

  /**
   * Gives every page of the batch that has contents a slot, with one reference.
   *
   * @throws FrameException CAPACITY when too many frames are on their way in; no slot is held
   */
  void allocate(PageBatch batch) {
    int done = 0;
    synchronized (lock) {
      for (; done < batch.size(); done++) {
        if (batch.hasContents(done)) {
          int slot = take();
          if (slot < 0) {
            break;
          }
          batch.address(done, address(slot), slot);
        }
      }
    }
    if (done < batch.size()) {
      free(batch.spare(), batch.takeTickets());
      throw new FrameException(ErrorCode.CAPACITY, "too many frames are on their way in");
    }
  }

  private int take() {
    for (int index = lowestFree; index < slabs.length; index++) {
      Slab slab = slabs[index];
      if (slab == null) {
        slab = new Slab();
        slabs[index] = slab;
      }
      if (slab.free > 0 && !slab.leaving) {
        lowestFree = index;
        return take(slab, index);
      }
    }
    return -1;
  }

  private int take(Slab slab, int index) {
    if (!slab.warm) {
      slab.warm = true;
      warm++;
    } else if (slab.free == SLOTS) {
      warmIdle--;
    }
    int word = 0;
    while (slab.freeBits[word] == 0) {
      word++;
    }
    int within = word * Long.SIZE + Long.numberOfTrailingZeros(slab.freeBits[word]);
    slab.freeBits[word] &= slab.freeBits[word] - 1;
    slab.free--;
    REFERENCES.setRelease(slab.references, within, 1);
    return index << SLOTS_SHIFT | within;
  }

  /** Adds a reader to a slot; false when it is free, so that what led here is out of date. */
  boolean pin(int slot) {
    int[] references = slab(slot).references;
    int within = slot & SLOTS - 1;
    while (true) {
      int count = (int) REFERENCES.getAcquire(references, within);
      if (count == 0) {
        return false;
      }
      if (REFERENCES.compareAndSet(references, within, count, count + 1)) {
        return true;
      }
    }
  }

  /** Takes one reference from a slot; true when it was the last, so that it is to be freed. */
  private boolean unpin(int slot) {
    return (int) REFERENCES.getAndAdd(slab(slot).references, slot & SLOTS - 1, -1) == 1;
  }

  private Slab slab(int slot) {
    Slab slab = slabs[slot >>> SLOTS_SHIFT];
    if (slab == null) {
      throw new IllegalStateException("slot " + slot + " was never given out");
    }
    return slab;
  }

  /**
   * Takes one reference from each of the first {@code count} slots of the list, which is used up.
   */
  void free(int[] slots, int count) {
    int last = 0;
    for (int i = 0; i < count; i++) {
      if (unpin(slots[i])) {
        slots[last++] = slots[i];
      }
    }
    if (last == 0) {
      return;
    }
    int idle = 0;
    synchronized (lock) {
      for (int i = 0; i < last; i++) {
        if (put(slots[i])) {
          slots[idle++] = slots[i] >>> SLOTS_SHIFT;
        }
      }
    }
    for (int i = 0; i < idle; i++) {
      giveBack(slots[i]);
    }
  }

  /** Marks a slot free; true when its slab is to give its memory back. */
  private boolean put(int slot) {
    Slab slab = slab(slot);
    int within = slot & SLOTS - 1;
    slab.freeBits[within / Long.SIZE] |= 1L << within;
    lowestFree = Math.min(lowestFree, slot >>> SLOTS_SHIFT);
    if (++slab.free < SLOTS) {
      return false;
    }
    slab.leaving = warmIdle == WARM_SLABS_MAX;
    warmIdle += slab.leaving ? 0 : 1;
    return slab.leaving;
  }

  /** Outside the lock, as the kernel takes its time to take back 1024 pages. */
  private void giveBack(int index) {
    int firstSlot = index << SLOTS_SHIFT;
    NativeMemory.discard(address(firstSlot), SLAB_BYTES);
    synchronized (lock) {
      Slab slab = slab(firstSlot);
      slab.leaving = false;
      slab.warm = false;
      warm--;
      lowestFree = Math.min(lowestFree, index);
    }
  }

  /** Gives all memory back. Nobody may use a slot any more. */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
    }
    NativeMemory.release(base, bytes());
  }
}
