package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.smemv.linux.NativeMemory;

/** Pages whose contents follow from a seed. */
final class TestPages {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private TestPages() {}

  /** Fills the page at an address with what belongs to the seed. */
  static void fill(long address, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int at = 0; at < 4096; at += 8) {
      NativeMemory.all().set(LONG, address + at, random.nextLong());
    }
  }

  /** True when the page at an address is what belongs to the seed. */
  static boolean matches(long address, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int at = 0; at < 4096; at += 8) {
      if (NativeMemory.all().get(LONG, address + at) != random.nextLong()) {
        return false;
      }
    }
    return true;
  }

  /** The checksum of the page of a seed. */
  static int checksum(long seed) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(4096, 8);
      fill(page.address(), seed);
      return PageChecksum.of(page, 0);
    }
  }

  /** Stores a page of a seed in a holder, or a zero page for seed 0. */
  static void put(PageHolder holder, long epoch, long page, long seed) {
    PageBatch batch = new PageBatch();
    batch.epoch(epoch);
    batch.add(page, seed == 0 ? 0 : checksum(seed), seed == 0 ? PageFlags.ZERO : 0);
    holder.prepare(batch);
    if (seed != 0) {
      fill(batch.address(0), seed);
    }
    try {
      holder.publish(batch);
    } catch (FrameException e) {
      holder.abandon(batch);
      throw e;
    }
  }

  /** What a holder has of a page: "absent", "zero", "right" for the seed, or "wrong". */
  static String look(PageHolder holder, long page, long seed) {
    PageBatch batch = new PageBatch();
    batch.add(page);
    holder.find(batch, 0);
    int flags = batch.flags(0);
    String found;
    if (PageFlags.isAbsent(flags)) {
      found = "absent";
    } else if (PageFlags.isZero(flags)) {
      found = "zero";
    } else {
      boolean sum = batch.checksum(0) == PageChecksum.of(NativeMemory.all(), batch.address(0));
      found = sum && matches(batch.address(0), seed) ? "right" : "wrong";
    }
    holder.release(batch);
    return found;
  }

  /** Forgets a page. */
  static void drop(PageHolder holder, long epoch, long page) {
    PageBatch batch = new PageBatch();
    batch.epoch(epoch);
    batch.add(page);
    holder.drop(batch);
  }
}
