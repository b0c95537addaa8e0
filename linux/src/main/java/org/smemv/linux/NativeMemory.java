package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Private anonymous memory of this process, see mmap(2) and madvise(2): address space is reserved
 * first, and the kernel gives a page when it is first written.
 */
public final class NativeMemory {
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
  private static final int MADV_DONTNEED = 4;
  private static final int MADV_HUGEPAGE = 14;

  private static final MethodHandle MMAP =
      NativeCall.link(
          "mmap", NativeCall.longOf(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MUNMAP =
      NativeCall.link("munmap", NativeCall.intOf(JAVA_LONG, JAVA_LONG));
  private static final MethodHandle MADVISE =
      NativeCall.link("madvise", NativeCall.intOf(JAVA_LONG, JAVA_LONG, JAVA_INT));

  private NativeMemory() {}

  /**
   * All memory as one segment: offset = address. Nothing checks what is read or written through it,
   * so the caller must own the address.
   */
  public static MemorySegment all() {
    return NativeCall.MEMORY;
  }

  /** Reserves zeroed memory; returns its address, page-aligned. */
  public static long reserve(long bytes) {
    try {
      long address =
          (long)
              MMAP.invokeExact(
                  NativeCall.errnoState(),
                  0L,
                  bytes,
                  PROT_READ_WRITE,
                  MAP_PRIVATE_ANONYMOUS_NORESERVE,
                  -1,
                  0L);
      if (address == -1) {
        throw NativeCall.failed("mmap(" + bytes + " bytes)");
      }
      return address;
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Undoes {@link #reserve}. */
  public static void release(long address, long bytes) {
    try {
      if ((int) MUNMAP.invokeExact(NativeCall.errnoState(), address, bytes) < 0) {
        throw NativeCall.failed("munmap(" + bytes + " bytes)");
      }
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Gives the pages of a page-aligned range back to the kernel; they read as zeros from now on. */
  public static void discard(long address, long bytes) {
    advise(address, bytes, MADV_DONTNEED);
  }

  /** Asks for huge pages, which are faulted in and walked much faster. */
  public static void preferHugePages(long address, long bytes) {
    advise(address, bytes, MADV_HUGEPAGE);
  }

  private static void advise(long address, long bytes, int advice) {
    try {
      if ((int) MADVISE.invokeExact(NativeCall.errnoState(), address, bytes, advice) < 0) {
        String what = advice == MADV_DONTNEED ? "MADV_DONTNEED" : "MADV_HUGEPAGE";
        throw NativeCall.failed(
            "madvise(0x" + Long.toHexString(address) + ", " + bytes + " bytes, " + what + ")");
      }
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  private static RuntimeException rethrow(Throwable cause) {
    return cause instanceof SystemCallException failure ? failure : NativeCall.broken(cause);
  }
}
