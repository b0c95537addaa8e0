package org.smemv.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;

/** Wakes a thread that sits in poll(2): eventfd(2), non-blocking. Any thread may signal. */
public final class EventFd implements AutoCloseable {
  private static final long SYS_EVENTFD2 = 290;
  private static final int EFD_CLOEXEC_NONBLOCK = 0x80000 | 0x800;

  private final int fd;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment one = arena.allocate(ValueLayout.JAVA_LONG);
  private final MemorySegment drained = arena.allocate(ValueLayout.JAVA_LONG);
  private final AtomicBoolean closed = new AtomicBoolean();

  public EventFd() {
    fd = (int) Libc.syscall(SYS_EVENTFD2, 0, EFD_CLOEXEC_NONBLOCK, 0, 0, 0, 0);
    if (fd < 0) {
      throw NativeCall.failed("eventfd2()");
    }
    one.set(ValueLayout.JAVA_LONG, 0, 1L);
  }

  /** The descriptor to poll for readability. */
  public int fd() {
    return fd;
  }

  /** Makes the descriptor readable. */
  public void signal() {
    if (Libc.write(fd, one.address(), Long.BYTES) != Long.BYTES
        && Errno.of(NativeCall.errno()) != Errno.EAGAIN) {
      throw NativeCall.failed("write(eventfd)");
    }
  }

  /** Takes back all signals so far; only the polling thread calls this. */
  public void drain() {
    if (Libc.read(fd, drained.address(), Long.BYTES) < 0
        && Errno.of(NativeCall.errno()) != Errno.EAGAIN) {
      throw NativeCall.failed("read(eventfd)");
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
