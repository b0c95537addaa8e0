package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Which pages of a process were written: ioctl PAGEMAP_SCAN on {@code /proc/PID/pagemap}, Linux 6.7
 * or later (Documentation/admin-guide/mm/pagemap.rst). The range must be registered for
 * asynchronous write protection with a {@link UserFaultFd}. Addresses are the other process's. One
 * thread at a time.
 */
public final class Pagemap implements AutoCloseable {
  /**
   * Is told runs of written pages, ascending: first address (inclusive) and end address
   * (exclusive). One run may be told as several that touch.
   */
  @FunctionalInterface
  public interface Runs {
    void run(long start, long end);
  }

  static final long PAGEMAP_SCAN = 0xc0606610L;

  /** {@code struct pm_scan_arg}. */
  static final int ARGUMENT_BYTES = 96;

  static final int SIZE = 0;
  static final int FLAGS = 8;
  static final int START = 16;
  static final int END = 24;
  static final int WALK_END = 32;
  static final int VEC = 40;
  static final int VEC_LEN = 48;
  static final int CATEGORY_MASK = 72;
  static final int RETURN_MASK = 88;

  /** {@code struct page_region}. */
  static final int REGION_BYTES = 24;

  static final int REGION_START = 0;
  static final int REGION_END = 8;

  private static final long WP_MATCHING = 1;
  private static final long CHECK_WPASYNC = 2;
  private static final long IS_WRITTEN = 2;
  private static final int REGIONS = 4096;

  /**
   * A large range is scanned in slices: while one call walks, it locks the address space, and KVM
   * lets no page fault of the range end (mmu_notifier_invalidate_range_start).
   */
  private static final long SLICE = 256L << 20;

  private final int fd;
  private final long slice;
  private final int regionsMax;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment argument = arena.allocate(ARGUMENT_BYTES, 8);
  private final MemorySegment regions;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Pagemap(int fd, long slice, int regionsMax) {
    this.fd = fd;
    this.slice = slice;
    this.regionsMax = regionsMax;
    this.regions = arena.allocate((long) REGION_BYTES * regionsMax, 8);
  }

  /** Opens the page map of process {@code pid}; needs the right to trace it. */
  public static Pagemap of(long pid) {
    return of(pid, SLICE, REGIONS);
  }

  /**
   * As {@link #of(long)}.
   *
   * @param slice bytes that one call looks at, at most
   * @param regionsMax runs that one call reports, at most
   */
  static Pagemap of(long pid, long slice, int regionsMax) {
    String path = "/proc/" + pid + "/pagemap";
    try (Arena call = Arena.ofConfined()) {
      int fd = Libc.open(call.allocateFrom(path), 0x80000, 0);
      if (fd < 0) {
        throw NativeCall.failed("open(" + path + ")");
      }
      return new Pagemap(fd, slice, regionsMax);
    }
  }

  /** Starts tracking: every page of the range counts as not written until it is written again. */
  public void arm(long start, long end) {
    scan(start, end, 0, WP_MATCHING | CHECK_WPASYNC, null);
  }

  /** Reports the pages written since the range was armed, and arms them again in the same step. */
  public void takeWritten(long start, long end, Runs runs) {
    scan(start, end, IS_WRITTEN, WP_MATCHING | CHECK_WPASYNC, runs);
  }

  /** Reports the pages written since the range was armed, and leaves the marks as they are. */
  public void peekWritten(long start, long end, Runs runs) {
    scan(start, end, IS_WRITTEN, CHECK_WPASYNC, runs);
  }

  private void scan(long start, long end, long category, long flags, @Nullable Runs runs) {
    for (long from = start; from < end; ) {
      // Also when the slice is not done, because there was no room for more runs.
      from = scanSome(from, Math.min(end, from + slice), category, flags, runs);
    }
  }

  /** One call; returns the address up to which everything is scanned. */
  private long scanSome(long from, long end, long category, long flags, @Nullable Runs runs) {
    argument.fill((byte) 0);
    argument.set(JAVA_LONG, SIZE, ARGUMENT_BYTES);
    argument.set(JAVA_LONG, FLAGS, flags);
    argument.set(JAVA_LONG, START, from);
    argument.set(JAVA_LONG, END, end);
    argument.set(JAVA_LONG, VEC, runs == null ? 0 : regions.address());
    argument.set(JAVA_LONG, VEC_LEN, runs == null ? 0 : regionsMax);
    argument.set(JAVA_LONG, CATEGORY_MASK, category);
    argument.set(JAVA_LONG, RETURN_MASK, category);
    int found = Libc.ioctl(fd, PAGEMAP_SCAN, argument.address());
    if (found < 0) {
      if (Errno.of(NativeCall.errno()) == Errno.EINTR) {
        return from;
      }
      throw NativeCall.failed(
          "ioctl(pagemap %d, PAGEMAP_SCAN, %d bytes at 0x%x, flags 0x%x)"
              .formatted(fd, end - from, from, flags));
    }
    for (int i = 0; i < found && runs != null; i++) {
      long at = (long) i * REGION_BYTES;
      runs.run(regions.get(JAVA_LONG, at + REGION_START), regions.get(JAVA_LONG, at + REGION_END));
    }
    return argument.get(JAVA_LONG, WALK_END);
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      int ignored = Libc.close(fd);
      arena.close();
    }
  }
}
