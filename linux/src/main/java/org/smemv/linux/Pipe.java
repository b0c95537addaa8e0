package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicBoolean;

/** Both ends of a pipe(7), held by this process; another process may hold them too. */
public final class Pipe implements AutoCloseable {
  private static final MethodHandle FCNTL =
      NativeCall.linkVariadic("fcntl", 2, NativeCall.intOf(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final int F_SETFL = 4;
  private static final int F_SETPIPE_SZ = 1031;
  private static final int O_NONBLOCK = 0x800;
  private static final long FIONREAD = 0x541B;

  private final int readFd;
  private final int writeFd;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Takes over two descriptors of this process; the read end becomes non-blocking. */
  public Pipe(int readFd, int writeFd) {
    this.readFd = readFd;
    this.writeFd = writeFd;
    fcntl(readFd, F_SETFL, O_NONBLOCK);
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
      throw NativeCall.failed("fcntl(" + fd + ", " + command + ", " + argument + ")");
    }
    return result;
  }

  /** Bytes that wait in the pipe. */
  public int waiting() {
    try (var arena = java.lang.foreign.Arena.ofConfined()) {
      var count = arena.allocate(JAVA_INT);
      if (Libc.ioctl(readFd, FIONREAD, count.address()) != 0) {
        throw NativeCall.failed("ioctl(" + readFd + ", FIONREAD)");
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
