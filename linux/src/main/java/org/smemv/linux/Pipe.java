package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicBoolean;

/** Both ends of a pipe(7), held by this process; another process may hold them too. */
public final class Pipe implements AutoCloseable {
  private static final MethodHandle FCNTL =
      NativeCall.linkVariadic("fcntl", 2, NativeCall.intOf(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final long SYS_PIPE2 = 293;
  private static final long SYS_TEE = 276;
  private static final int O_CLOEXEC = 0x80000;
  private static final int F_SETFL = 4;
  private static final int F_SETPIPE_SZ = 1031;
  private static final int O_NONBLOCK = 0x800;
  private static final long FIONREAD = 0x541B;

  private final int readFd;
  private final int writeFd;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Pipe(int readFd, int writeFd) {
    this.readFd = readFd;
    this.writeFd = writeFd;
    try {
      fcntl(readFd, F_SETFL, O_NONBLOCK);
    } catch (SystemCallException e) {
      close();
      throw e;
    }
  }

  /** Duplicates the two ends that another process has; the read end becomes non-blocking. */
  public static Pipe takeFrom(PidFd process, int readFd, int writeFd) {
    int read = process.take(readFd);
    int write;
    try {
      write = process.take(writeFd);
    } catch (SystemCallException e) {
      int ignored = Libc.close(read);
      throw e;
    }
    return new Pipe(read, write);
  }

  /** Makes a pipe that only this process has. */
  public static Pipe create() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fds = arena.allocate(8, 8);
      if (Libc.syscall(SYS_PIPE2, fds.address(), O_CLOEXEC, 0, 0, 0, 0) != 0) {
        throw NativeCall.failed("pipe2()");
      }
      return new Pipe(fds.get(JAVA_INT, 0), fds.get(JAVA_INT, 4));
    }
  }

  /**
   * Makes a thread of another process open a pipe there.
   *
   * @return the numbers of its read end and its write end in that process
   */
  public static int[] openInside(ForeignSystemCalls calls) {
    long address = calls.scratchAddress();
    long result = calls.call(SYS_PIPE2, address, O_CLOEXEC);
    if (result != 0) {
      throw new SystemCallException("pipe2() inside the process", (int) -result);
    }
    long both = calls.peek(address);
    return new int[] {(int) both, (int) (both >>> 32)};
  }

  /**
   * Copies what waits here into another pipe, by reference, and keeps it here too (tee(2)).
   *
   * @return bytes copied
   */
  public int tee(Pipe other, int bytes) {
    long n = Libc.syscall(SYS_TEE, readFd, other.writeFd, bytes, 2, 0, 0);
    if (n < 0) {
      throw NativeCall.failed("tee(" + bytes + " bytes)");
    }
    return (int) n;
  }

  int writeFd() {
    return writeFd;
  }

  /** Makes room for {@code bytes}, rounded up by the kernel to a power of two of pages. */
  public void resize(int bytes) {
    fcntl(writeFd, F_SETPIPE_SZ, bytes);
  }

  private static int fcntl(int fd, int command, int argument) {
    int result;
    try {
      result = (int) FCNTL.invokeExact(NativeCall.errnoState(), fd, command, argument);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
    if (result < 0) {
      throw NativeCall.failed(
          command == F_SETPIPE_SZ
              ? "fcntl(pipe " + fd + ", F_SETPIPE_SZ, " + argument + " bytes)"
              : "fcntl(pipe " + fd + ", F_SETFL, O_NONBLOCK)");
    }
    return result;
  }

  /** Bytes that wait in the pipe. */
  public int waiting() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(JAVA_INT);
      if (Libc.ioctl(readFd, FIONREAD, count.address()) != 0) {
        throw NativeCall.failed("ioctl(pipe " + readFd + ", FIONREAD)");
      }
      return count.get(JAVA_INT, 0);
    }
  }

  /** Reads exactly {@code length} bytes that are known to be in the pipe. */
  public void read(long address, long length) {
    long done = 0;
    while (done < length) {
      long n = Libc.read(readFd, address + done, length - done);
      if (n < 0 && Errno.of(NativeCall.errno()) == Errno.EINTR) {
        continue;
      }
      if (n <= 0) {
        throw NativeCall.failed("read(pipe, " + length + " bytes, " + done + " so far)");
      }
      done += n;
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      int ignored = Libc.close(readFd) + Libc.close(writeFd);
    }
  }
}
