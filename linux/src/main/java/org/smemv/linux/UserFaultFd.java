package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A userfaultfd(2), usually one that belongs to another process: every address here is an address
 * of that process. Layouts and numbers are those of {@code linux/userfaultfd.h} and
 * ioctl_userfaultfd(2).
 *
 * <p>Installing calls ({@link #copy}, {@link #zero}) return an {@link Outcome}, because a page that
 * is already there or an event that must be read first are part of normal work. They use the
 * caller's {@link Scratch}: one a thread, so that threads install at the same time without a lock.
 */
public final class UserFaultFd implements AutoCloseable {
  /** How an installing call ended. */
  public enum Outcome {
    /** The pages are in place and whoever waited for them runs. */
    INSTALLED,
    /** A page was there already; nothing was changed. Wake the range: somebody may wait on it. */
    PRESENT,
    /** An event of the address space must be read first; then try again. */
    RETRY,
    /** No memory for the page now; a little later there may be. */
    NO_MEMORY,
    /** The process or its mapping is gone. */
    GONE
  }

  /** Missing pages of shared memory are reported. */
  public static final long FEATURE_MISSING_SHMEM = 1L << 5;

  /** Write protection works on shared memory. */
  public static final long FEATURE_WP_SHMEM = 1L << 12;

  /** Write protection also marks pages that are not mapped yet. */
  public static final long FEATURE_WP_UNPOPULATED = 1L << 13;

  /** Write faults are resolved by the kernel, which keeps the mark that PAGEMAP_SCAN reads. */
  public static final long FEATURE_WP_ASYNC = 1L << 15;

  /** What S-memV needs of every QEMU that it attaches to. */
  public static final long REQUIRED_FEATURES =
      FEATURE_MISSING_SHMEM | FEATURE_WP_SHMEM | FEATURE_WP_UNPOPULATED | FEATURE_WP_ASYNC;

  /** userfaultfd(2) flags: close on exec, non-blocking. */
  public static final long OPEN_FLAGS = 0x80000 | 0x800;

  /** The number of userfaultfd(2) on x86-64. */
  public static final long SYS_USERFAULTFD = 323;

  static final long UFFDIO_API = 0xc018aa3fL;
  static final long UFFDIO_REGISTER = 0xc020aa00L;
  static final long UFFDIO_UNREGISTER = 0x8010aa01L;
  static final long UFFDIO_WAKE = 0x8010aa02L;
  static final long UFFDIO_COPY = 0xc028aa03L;
  static final long UFFDIO_ZEROPAGE = 0xc020aa04L;
  private static final long API_VERSION = 0xAA;
  private static final long COPY_MODE_WP = 2;

  /** {@code struct uffdio_api}. */
  static final int API_BYTES = 24;

  static final int API_FEATURES = 8;

  /** {@code struct uffdio_range}, with which the structures of the other requests begin too. */
  static final int RANGE_BYTES = 16;

  static final int RANGE_START = 0;
  static final int RANGE_LEN = 8;

  /** {@code struct uffdio_register}. */
  static final int REGISTER_BYTES = 32;

  static final int REGISTER_MODE = 16;

  /** {@code struct uffdio_copy}. */
  static final int COPY_BYTES = 40;

  static final int COPY_DST = 0;
  static final int COPY_SRC = 8;
  static final int COPY_LEN = 16;
  static final int COPY_MODE = 24;
  static final int COPY_RESULT = 32;

  /** {@code struct uffdio_zeropage}. */
  static final int ZEROPAGE_BYTES = 32;

  static final int ZEROPAGE_MODE = 16;
  static final int ZEROPAGE_RESULT = 24;

  /** {@code struct uffd_msg}. */
  static final int MESSAGE_BYTES = 32;

  static final int MESSAGE_ADDRESS = 16;

  private static final byte EVENT_PAGEFAULT = 0x12;
  private static final int BATCH = 64;

  private final int fd;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment messages = arena.allocate((long) MESSAGE_BYTES * BATCH, 8);
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Takes over a descriptor of this process. */
  public UserFaultFd(int fd) {
    this.fd = fd;
  }

  /** The descriptor, to be polled for readability. */
  public int fd() {
    return fd;
  }

  /** The structures of one thread's calls. */
  public static final class Scratch {
    private final MemorySegment argument = Arena.global().allocate(COPY_BYTES, 8);
  }

  /**
   * Agrees with the kernel on the features; once in the life of the descriptor.
   *
   * @throws SystemCallException with EINVAL when the kernel lacks one of {@code features}
   */
  public void enable(long features) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment argument = call.allocate(API_BYTES, 8);
      argument.set(JAVA_LONG, 0, API_VERSION);
      argument.set(JAVA_LONG, API_FEATURES, features);
      if (Libc.ioctl(fd, UFFDIO_API, argument.address()) != 0) {
        throw failed("UFFDIO_API, features 0x" + Long.toHexString(features));
      }
    }
  }

  /** Asks for faults on a range; calling it again with more modes adds them. */
  public void register(long start, long length, boolean missing, boolean writeProtect) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment argument = call.allocate(REGISTER_BYTES, 8);
      argument.set(JAVA_LONG, RANGE_START, start);
      argument.set(JAVA_LONG, RANGE_LEN, length);
      argument.set(JAVA_LONG, REGISTER_MODE, (missing ? 1L : 0) | (writeProtect ? 2L : 0));
      if (Libc.ioctl(fd, UFFDIO_REGISTER, argument.address()) != 0) {
        String modes = (missing ? " MISSING" : "") + (writeProtect ? " WP" : "");
        throw failed("UFFDIO_REGISTER, " + range(start, length) + ", mode" + modes);
      }
    }
  }

  /** Ends all reporting on a range; whoever waits there goes on and faults natively. */
  public void unregister(long start, long length) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment argument = call.allocate(RANGE_BYTES, 8);
      argument.set(JAVA_LONG, RANGE_START, start);
      argument.set(JAVA_LONG, RANGE_LEN, length);
      if (Libc.ioctl(fd, UFFDIO_UNREGISTER, argument.address()) != 0) {
        throw failed("UFFDIO_UNREGISTER, " + range(start, length));
      }
    }
  }

  /** Texts are only made once a call has failed: the successful ones must not make garbage. */
  private SystemCallException failed(String what) {
    return NativeCall.failed("ioctl(userfaultfd " + fd + ", " + what + ")");
  }

  private static String range(long start, long length) {
    return length + " bytes at 0x" + Long.toHexString(start);
  }

  /**
   * Reads what is waiting. Only one thread calls this.
   *
   * @return the number of messages, 0 when none waits; see {@link #faultAddress}
   */
  public int read() {
    long n = Libc.read(fd, messages.address(), (long) MESSAGE_BYTES * BATCH);
    if (n < 0) {
      Errno errno = Errno.of(NativeCall.errno());
      if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
        return 0;
      }
      throw NativeCall.failed("read(userfaultfd " + fd + ")");
    }
    return (int) (n / MESSAGE_BYTES);
  }

  /** The address of the {@code index}th message of the last {@link #read}; -1 if it is no fault. */
  public long faultAddress(int index) {
    long at = (long) index * MESSAGE_BYTES;
    return messages.get(JAVA_BYTE, at) == EVENT_PAGEFAULT
        ? messages.get(JAVA_LONG, at + MESSAGE_ADDRESS)
        : -1;
  }

  /**
   * Installs a copy of the bytes at {@code source} and wakes the waiting threads.
   *
   * @param armed true to install write-protected: the page counts as clean until it is written
   */
  public Outcome copy(Scratch scratch, long target, long source, long length, boolean armed) {
    MemorySegment argument = scratch.argument;
    argument.set(JAVA_LONG, COPY_DST, target);
    argument.set(JAVA_LONG, COPY_SRC, source);
    argument.set(JAVA_LONG, COPY_LEN, length);
    argument.set(JAVA_LONG, COPY_MODE, armed ? COPY_MODE_WP : 0);
    argument.set(JAVA_LONG, COPY_RESULT, 0);
    if (Libc.ioctl(fd, UFFDIO_COPY, argument.address()) == 0) {
      return Outcome.INSTALLED;
    }
    Outcome outcome = expected();
    if (outcome == null) {
      String from = " from 0x" + Long.toHexString(source) + (armed ? ", mode WP" : "");
      throw failed("UFFDIO_COPY, " + range(target, length) + from);
    }
    return outcome;
  }

  /** Installs zero pages and wakes the waiting threads. */
  public Outcome zero(Scratch scratch, long target, long length) {
    MemorySegment argument = scratch.argument;
    argument.set(JAVA_LONG, RANGE_START, target);
    argument.set(JAVA_LONG, RANGE_LEN, length);
    argument.set(JAVA_LONG, ZEROPAGE_MODE, 0);
    argument.set(JAVA_LONG, ZEROPAGE_RESULT, 0);
    if (Libc.ioctl(fd, UFFDIO_ZEROPAGE, argument.address()) == 0) {
      return Outcome.INSTALLED;
    }
    Outcome outcome = expected();
    if (outcome == null) {
      throw failed("UFFDIO_ZEROPAGE, " + range(target, length));
    }
    return outcome;
  }

  /** What the error of an installing call means; null for an error that is no part of the work. */
  private static @Nullable Outcome expected() {
    return switch (Errno.of(NativeCall.errno())) {
      case EEXIST -> Outcome.PRESENT;
      case EAGAIN -> Outcome.RETRY;
      case ENOMEM -> Outcome.NO_MEMORY;
      case ESRCH, ENOENT, ENOSPC -> Outcome.GONE;
      default -> null;
    };
  }

  /** Lets every thread that waits in the range run and fault again if it must. */
  public void wake(Scratch scratch, long start, long length) {
    MemorySegment argument = scratch.argument;
    argument.set(JAVA_LONG, RANGE_START, start);
    argument.set(JAVA_LONG, RANGE_LEN, length);
    if (Libc.ioctl(fd, UFFDIO_WAKE, argument.address()) != 0) {
      Errno errno = Errno.of(NativeCall.errno());
      if (errno != Errno.ESRCH && errno != Errno.EAGAIN) {
        throw failed("UFFDIO_WAKE, " + range(start, length));
      }
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      int ignored = Libc.close(fd);
      arena.close();
    }
  }
}
