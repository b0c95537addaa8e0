package org.smemv.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The libc functions that more than one class here needs. Each returns what libc returns and leaves
 * the error in {@link NativeCall#errno()}; turning that into an exception is the caller's task,
 * because only the caller knows which errors are part of normal work.
 */
final class Libc {
  private static final MethodHandle IOCTL =
      NativeCall.linkVariadic("ioctl", 2, NativeCall.intOf(JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle SYSCALL =
      NativeCall.linkVariadic(
          "syscall",
          1,
          NativeCall.longOf(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle OPEN =
      NativeCall.linkVariadic("open", 2, NativeCall.intOf(ADDRESS, JAVA_INT, JAVA_INT));
  private static final MethodHandle CLOSE = NativeCall.link("close", NativeCall.intOf(JAVA_INT));
  private static final MethodHandle READ =
      NativeCall.link("read", NativeCall.longOf(JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle WRITE =
      NativeCall.link("write", NativeCall.longOf(JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle PREAD =
      NativeCall.link("pread", NativeCall.longOf(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle PWRITE =
      NativeCall.link("pwrite", NativeCall.longOf(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle LSEEK =
      NativeCall.link("lseek", NativeCall.longOf(JAVA_INT, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MMAP =
      NativeCall.link(
          "mmap", NativeCall.longOf(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MUNMAP =
      NativeCall.link("munmap", NativeCall.intOf(JAVA_LONG, JAVA_LONG));

  private Libc() {}

  static int ioctl(int fd, long request, long argument) {
    try {
      return (int) IOCTL.invokeExact(NativeCall.errnoState(), fd, request, argument);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static long syscall(long number, long a, long b, long c, long d, long e, long f) {
    try {
      return (long) SYSCALL.invokeExact(NativeCall.errnoState(), number, a, b, c, d, e, f);
    } catch (Throwable t) {
      throw NativeCall.broken(t);
    }
  }

  static int open(MemorySegment path, int flags, int mode) {
    try {
      return (int) OPEN.invokeExact(NativeCall.errnoState(), path, flags, mode);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static int close(int fd) {
    try {
      return (int) CLOSE.invokeExact(NativeCall.errnoState(), fd);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static long read(int fd, long address, long length) {
    try {
      return (long) READ.invokeExact(NativeCall.errnoState(), fd, address, length);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static long write(int fd, long address, long length) {
    try {
      return (long) WRITE.invokeExact(NativeCall.errnoState(), fd, address, length);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static long pread(int fd, long address, long length, long offset) {
    try {
      return (long) PREAD.invokeExact(NativeCall.errnoState(), fd, address, length, offset);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static long pwrite(int fd, long address, long length, long offset) {
    try {
      return (long) PWRITE.invokeExact(NativeCall.errnoState(), fd, address, length, offset);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static long lseek(int fd, long offset, int whence) {
    try {
      return (long) LSEEK.invokeExact(NativeCall.errnoState(), fd, offset, whence);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    try {
      return (long)
          MMAP.invokeExact(NativeCall.errnoState(), address, length, protection, flags, fd, offset);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  static int munmap(long address, long length) {
    try {
      return (int) MUNMAP.invokeExact(NativeCall.errnoState(), address, length);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }
}
