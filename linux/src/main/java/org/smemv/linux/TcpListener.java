package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A listening TCP socket, see listen(2) and accept(2). One thread accepts; any thread may {@link
 * #shutdown} it, which makes the accepting thread return, after which it is closed.
 */
public final class TcpListener implements AutoCloseable {
  private final int fd;
  private final InetSocketAddress address;
  private final Object closing = new Object();
  private volatile boolean shut;
  private boolean closed; // under the lock, as another file may get the number at once

  private TcpListener(int fd, InetSocketAddress address) {
    this.fd = fd;
    this.address = address;
  }

  /**
   * Listens on an address of this host; port 0 takes a free one, see {@link #address}.
   *
   * @param backlog connections that may wait to be accepted
   * @throws SystemCallException EADDRINUSE or EADDRNOTAVAIL, with the address
   */
  public static TcpListener bind(InetSocketAddress address, int backlog) {
    int fd = SocketCalls.socket(Sockaddr.family(address), 0);
    try (Arena arena = Arena.ofConfined()) {
      SocketCalls.option(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_REUSEADDR, 1);
      MemorySegment name = arena.allocate(Sockaddr.SIZE_MAX, Long.BYTES);
      int length = Sockaddr.write(name, address);
      if (SocketCalls.bind(fd, name.address(), length) < 0) {
        throw NativeCall.failed("bind(" + Sockaddr.text(address) + ")");
      }
      if (SocketCalls.listen(fd, backlog) < 0) {
        throw NativeCall.failed("listen(" + Sockaddr.text(address) + ")");
      }
      MemorySegment size = arena.allocateFrom(JAVA_INT, Sockaddr.SIZE_MAX);
      if (SocketCalls.getsockname(fd, name.address(), size.address()) < 0) {
        throw NativeCall.failed("getsockname(" + fd + ")");
      }
      return new TcpListener(fd, Sockaddr.read(name));
    } catch (RuntimeException e) {
      SocketCalls.close(fd);
      throw e;
    }
  }

  /** Where it listens, with the port that was taken. */
  public InetSocketAddress address() {
    return address;
  }

  /** The descriptor, for {@link Poll}; it stays owned by this object. */
  public int fd() {
    return fd;
  }

  /**
   * Waits for a connection; null once {@link #shutdown} was called.
   *
   * @throws SystemCallException EMFILE or ENOMEM, after which the caller may go on
   */
  public @Nullable TcpSocket accept() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(Sockaddr.SIZE_MAX, Long.BYTES);
      MemorySegment size = arena.allocate(JAVA_INT);
      while (!shut) {
        size.set(JAVA_INT, 0, Sockaddr.SIZE_MAX);
        int accepted =
            SocketCalls.accept4(fd, name.address(), size.address(), SocketCalls.SOCK_CLOEXEC);
        if (accepted >= 0) {
          return new TcpSocket(accepted, Sockaddr.read(name));
        }
        Errno errno = Errno.of(NativeCall.errno());
        // A connection that died in the queue is no reason to stop listening.
        if (!shut && errno != Errno.EINTR && errno != Errno.ECONNABORTED) {
          throw NativeCall.failed("accept4(" + Sockaddr.text(address) + ")");
        }
      }
      return null;
    }
  }

  /** Stops listening and wakes the accepting thread. */
  public void shutdown() {
    synchronized (closing) {
      shut = true;
      if (!closed) {
        SocketCalls.shutdown(fd, SocketCalls.SHUT_RDWR);
      }
    }
  }

  @Override
  public void close() {
    shutdown();
    synchronized (closing) {
      if (!closed) {
        closed = true;
        SocketCalls.close(fd);
      }
    }
  }
}
