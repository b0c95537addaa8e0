package org.smemv.linux;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A process held by descriptor, so that its number cannot come to mean another one (pidfd_open(2)).
 */
public final class PidFd implements AutoCloseable {
  private static final long SYS_PIDFD_OPEN = 434;
  private static final long SYS_PIDFD_GETFD = 438;

  private final long pid;
  private final int fd;
  private final AtomicBoolean closed = new AtomicBoolean();

  private PidFd(long pid, int fd) {
    this.pid = pid;
    this.fd = fd;
  }

  /**
   * Opens a running process.
   *
   * @throws SystemCallException with ESRCH when there is none
   */
  public static PidFd open(long pid) {
    int fd = (int) Libc.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
    if (fd < 0) {
      throw NativeCall.failed("pidfd_open(" + pid + ")");
    }
    return new PidFd(pid, fd);
  }

  /** The descriptor itself: poll(2) reports it readable once the process has ended. */
  public int fd() {
    return fd;
  }

  /** Duplicates descriptor {@code theirs} of the process into this one (pidfd_getfd(2)). */
  public int take(int theirs) {
    int ours = (int) Libc.syscall(SYS_PIDFD_GETFD, fd, theirs, 0, 0, 0, 0);
    if (ours < 0) {
      throw NativeCall.failed("pidfd_getfd(pid " + pid + ", " + theirs + ")");
    }
    return ours;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      int ignored = Libc.close(fd);
    }
  }
}
