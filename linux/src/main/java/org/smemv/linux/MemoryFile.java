package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A file on a tmpfs that is memory: a VM's RAM, or a page table that outlives its agent.
 *
 * <p><b>Trap:</b> reading or writing a hole of the file through {@link #mapped()} allocates a zero
 * page there. Whoever must not fill holes reads with {@link #read}, which gives zeros for a hole
 * and leaves it one (shmem_file_read_iter).
 *
 * <p>Offsets and lengths are bytes. Any thread may call; {@link #close()} only when no other does.
 */
public final class MemoryFile implements AutoCloseable {
  private static final MethodHandle FALLOCATE =
      NativeCall.link("fallocate", NativeCall.intOf(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle FTRUNCATE =
      NativeCall.link("ftruncate", NativeCall.intOf(JAVA_INT, JAVA_LONG));
  private static final MethodHandle SPLICE =
      NativeCall.link(
          "splice",
          NativeCall.longOf(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));

  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_CLOEXEC = 0x80000;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int FALLOC_FL_KEEP_SIZE = 1;
  private static final int FALLOC_FL_PUNCH_HOLE = 2;
  private static final int SEEK_END = 2;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int SPLICE_F_NONBLOCK = 2;

  private final String name;
  private final int fd;
  private final long bytes;
  private final MemorySegment mapped;
  private final AtomicBoolean closed = new AtomicBoolean();

  private MemoryFile(String name, int fd, long bytes, MemorySegment mapped) {
    this.name = name;
    this.fd = fd;
    this.bytes = bytes;
    this.mapped = mapped;
  }

  /** Opens an existing file at its present size. */
  public static MemoryFile open(Path path) {
    return map(path.toString(), openFd(path, O_RDWR | O_CLOEXEC), -1);
  }

  /** Opens the file, makes it when it is missing, and gives it exactly {@code bytes} bytes. */
  public static MemoryFile create(Path path, long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("a memory file needs a positive size, not " + bytes);
    }
    return map(path.toString(), openFd(path, O_RDWR | O_CREAT | O_CLOEXEC), bytes);
  }

  private static int openFd(Path path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      int fd = Libc.open(arena.allocateFrom(path.toString()), flags, 0600);
      if (fd < 0) {
        throw NativeCall.failed("open(" + path + ")");
      }
      return fd;
    }
  }

  private static MemoryFile map(String name, int fd, long wantedBytes) {
    try {
      if (wantedBytes > 0) {
        resize(name, fd, wantedBytes);
      }
      long bytes = wantedBytes > 0 ? wantedBytes : Libc.lseek(fd, 0, SEEK_END);
      long address = Libc.mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
      if (address == -1) {
        throw NativeCall.failed("mmap(" + name + ", " + bytes + " bytes)");
      }
      return new MemoryFile(name, fd, bytes, MemorySegment.ofAddress(address).reinterpret(bytes));
    } catch (RuntimeException e) {
      int ignored = Libc.close(fd);
      throw e;
    }
  }

  private static void resize(String name, int fd, long bytes) {
    int result;
    try {
      result = (int) FTRUNCATE.invokeExact(NativeCall.errnoState(), fd, bytes);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
    if (result != 0) {
      throw NativeCall.failed("ftruncate(" + name + ", " + bytes + ")");
    }
  }

  /** The size of the file in bytes. */
  public long bytes() {
    return bytes;
  }

  /** The file's descriptor in this process, valid until {@link #close()}. */
  public int fd() {
    return fd;
  }

  /** The whole file, shared with everybody who maps it. Mind the trap in the class comment. */
  public MemorySegment mapped() {
    return mapped;
  }

  /** Copies file bytes to {@code address}; a hole reads as zeros and stays a hole. */
  public void read(long offset, long address, long length) {
    transfer(true, offset, address, length);
  }

  /** Copies bytes from {@code address} into the file, filling holes. */
  public void write(long offset, long address, long length) {
    transfer(false, offset, address, length);
  }

  private void transfer(boolean read, long offset, long address, long length) {
    long done = 0;
    while (done < length) {
      long n =
          read
              ? Libc.pread(fd, address + done, length - done, offset + done)
              : Libc.pwrite(fd, address + done, length - done, offset + done);
      if (n < 0 && Errno.of(NativeCall.errno()) == Errno.EINTR) {
        continue;
      }
      if (n <= 0) {
        String call = (read ? "pread(" : "pwrite(") + name + ", " + length + " at " + offset + ")";
        throw n < 0 ? NativeCall.failed(call) : new IllegalStateException(call + " hit the end");
      }
      done += n;
    }
  }

  /** Gives the memory of a range back to the kernel; every later access through QEMU faults. */
  public void punchHole(long offset, long length) {
    int result;
    try {
      result =
          (int)
              FALLOCATE.invokeExact(
                  NativeCall.errnoState(),
                  fd,
                  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  offset,
                  length);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
    if (result != 0) {
      throw NativeCall.failed("fallocate(" + name + ", punch " + length + " at " + offset + ")");
    }
  }

  /** The first byte at or after {@code offset} that is not in a hole; the file's size if none. */
  public long nextData(long offset) {
    return seek(offset, SEEK_DATA);
  }

  /** The first byte at or after {@code offset} that is in a hole; the file's size if none. */
  public long nextHole(long offset) {
    return seek(offset, SEEK_HOLE);
  }

  private long seek(long offset, int whence) {
    if (offset >= bytes) {
      return bytes;
    }
    long found = Libc.lseek(fd, offset, whence);
    if (found < 0) {
      // lseek(2): ENXIO means that there is nothing of the kind before the end.
      if (NativeCall.errno() == 6) {
        return bytes;
      }
      String what = whence == SEEK_DATA ? "SEEK_DATA" : "SEEK_HOLE";
      throw NativeCall.failed("lseek(" + name + ", " + offset + ", " + what + ")");
    }
    return Math.min(found, bytes);
  }

  /**
   * Puts references to the pages of a range into a pipe without copying them: what the pipe then
   * holds is the page itself, also after a hole was punched where it was (splice(2)).
   *
   * @return bytes that went into the pipe; fewer than asked when it is full
   */
  public long spliceInto(Pipe pipe, long offset, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment position = arena.allocate(JAVA_LONG);
      long done = 0;
      while (done < length) {
        position.set(JAVA_LONG, 0, offset + done);
        long n;
        try {
          n =
              (long)
                  SPLICE.invokeExact(
                      NativeCall.errnoState(),
                      fd,
                      position.address(),
                      pipe.writeFd(),
                      0L,
                      length - done,
                      SPLICE_F_NONBLOCK);
        } catch (Throwable e) {
          throw NativeCall.broken(e);
        }
        if (n < 0 && Errno.of(NativeCall.errno()) == Errno.EAGAIN) {
          break;
        }
        if (n < 0) {
          throw NativeCall.failed("splice(" + name + ", " + length + " at " + offset + ")");
        }
        if (n == 0) {
          break;
        }
        done += n;
      }
      return done;
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      int ignored = Libc.munmap(mapped.address(), bytes) + Libc.close(fd);
    }
  }
}
