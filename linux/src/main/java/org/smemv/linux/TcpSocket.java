package org.smemv.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;

/**
 * One TCP connection, blocking, see tcp(7) and socket(7). One thread may read while another writes;
 * {@link #shutdown} may be called by any thread and wakes both. {@link #close} is for the last
 * user: the number of a closed descriptor is given to the next file that is opened.
 *
 * <p>Errors: {@link TcpTimeoutException} when a time-out that was set has passed, {@link
 * TcpClosedException} when the peer has gone, {@link SystemCallException} for all else. No signal
 * is ever raised.
 */
public final class TcpSocket implements AutoCloseable {
  private final int fd;
  private final InetSocketAddress peer;
  private final Object closing = new Object();
  private boolean closed; // under the lock, as another file may get the number at once
  private volatile long readMillis;
  private volatile long writeMillis;

  TcpSocket(int fd, InetSocketAddress peer) {
    this.fd = fd;
    this.peer = peer;
  }

  /**
   * Connects within {@code timeout}, which is at least a millisecond.
   *
   * @throws TcpTimeoutException when the peer did not answer in time
   * @throws SystemCallException when it refused or cannot be reached
   */
  public static TcpSocket connect(InetSocketAddress peer, Duration timeout) {
    int fd = SocketCalls.socket(Sockaddr.family(peer), SocketCalls.SOCK_NONBLOCK);
    try {
      connect(fd, peer, Math.max(1, timeout.toMillis()));
      SocketCalls.nonBlocking(fd, false);
      return new TcpSocket(fd, peer);
    } catch (RuntimeException e) {
      SocketCalls.close(fd);
      throw e;
    }
  }

  private static void connect(int fd, InetSocketAddress peer, long millis) {
    try (Arena arena = Arena.ofConfined();
        Poll poll = new Poll(1)) {
      MemorySegment address = arena.allocate(Sockaddr.SIZE_MAX, Long.BYTES);
      int length = Sockaddr.write(address, peer);
      if (SocketCalls.connect(fd, address.address(), length) == 0) {
        return;
      }
      String call = "connect(" + Sockaddr.text(peer) + ")";
      Errno errno = Errno.of(NativeCall.errno());
      if (errno != Errno.EINPROGRESS && errno != Errno.EINTR) {
        throw NativeCall.failed(call);
      }
      poll.add(fd, Poll.WRITABLE);
      if (poll.await(Math.toIntExact(Math.min(millis, Integer.MAX_VALUE))) == 0) {
        throw new TcpTimeoutException("connect", peer, millis);
      }
      int error = SocketCalls.option(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_ERROR);
      if (error != 0) {
        throw new SystemCallException(call, error);
      }
    }
  }

  /** The descriptor, for {@link Poll}; it stays owned by this object. */
  public int fd() {
    return fd;
  }

  /** The other end. */
  public InetSocketAddress peer() {
    return peer;
  }

  /** Sends small frames at once instead of waiting to fill a segment. */
  public void noDelay() {
    SocketCalls.option(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_NODELAY, 1);
  }

  /**
   * Has the kernel find a dead peer: a probe after {@code idle} without traffic, then one each
   * {@code idle}/3, three in all. Whole seconds, at least one.
   */
  public void keepAlive(Duration idle) {
    int seconds = Math.toIntExact(Math.max(1, idle.toSeconds()));
    SocketCalls.option(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_KEEPALIVE, 1);
    SocketCalls.option(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_KEEPIDLE, seconds);
    int interval = Math.max(1, seconds / 3);
    SocketCalls.option(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_KEEPINTVL, interval);
    SocketCalls.option(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_KEEPCNT, 3);
  }

  /** How long a read may wait for its first byte; zero is for ever. */
  public void readTimeout(Duration timeout) {
    SocketCalls.timeoutOption(fd, SocketCalls.SO_RCVTIMEO, timeout.toMillis());
    readMillis = timeout.toMillis();
  }

  /** How long a write may wait for the peer to take a byte; zero is for ever. */
  public void writeTimeout(Duration timeout) {
    SocketCalls.timeoutOption(fd, SocketCalls.SO_SNDTIMEO, timeout.toMillis());
    writeMillis = timeout.toMillis();
  }

  /** Reads at least one byte, waiting for it. Returns the number of bytes, or -1 at the end. */
  public int read(MemorySegment into, long offset, int length) {
    return receive(into, offset, length, 0);
  }

  /** As {@link #read}, but returns 0 when nothing is there. */
  public int readNow(MemorySegment into, long offset, int length) {
    return receive(into, offset, length, SocketCalls.MSG_DONTWAIT);
  }

  private int receive(MemorySegment into, long offset, int length, int flags) {
    long address = address(into, offset, length);
    while (true) {
      long got = SocketCalls.recv(fd, address, length, flags);
      if (got > 0) {
        return (int) got;
      }
      if (got == 0) {
        return -1;
      }
      int error = NativeCall.errno();
      if (flags != 0 && error == Errno.EAGAIN.number()) {
        return 0;
      }
      if (error != Errno.EINTR.number()) {
        throw failure("read", error, readMillis);
      }
    }
  }

  /** Fills every piece of the list, waiting as long as bytes keep coming. */
  public void readFully(IoVector into) {
    while (into.remaining() > 0) {
      long got = SocketCalls.recvmsg(fd, into.message(), 0);
      if (got > 0) {
        into.advance(got);
      } else if (got == 0) {
        throw new TcpClosedException("read", peer, into.remaining() + " bytes were still due");
      } else if (NativeCall.errno() != Errno.EINTR.number()) {
        throw failure("read", NativeCall.errno(), readMillis);
      }
    }
  }

  /** Writes every piece of the list, in one call where the kernel has room. */
  public void writeFully(IoVector from) {
    while (from.remaining() > 0) {
      long put = SocketCalls.sendmsg(fd, from.message(), SocketCalls.MSG_NOSIGNAL);
      if (put >= 0) {
        from.advance(put);
      } else if (NativeCall.errno() != Errno.EINTR.number()) {
        throw failure("write", NativeCall.errno(), writeMillis);
      }
    }
  }

  /** Writes all of a range. */
  public void writeFully(MemorySegment from, long offset, int length) {
    long address = address(from, offset, length);
    long done = 0;
    while (done < length) {
      long put = SocketCalls.send(fd, address + done, length - done, SocketCalls.MSG_NOSIGNAL);
      if (put >= 0) {
        done += put;
      } else if (NativeCall.errno() != Errno.EINTR.number()) {
        throw failure("write", NativeCall.errno(), writeMillis);
      }
    }
  }

  /** Tells the peer that nothing more comes; reading goes on. */
  public void shutdownOutput() {
    SocketCalls.shutdown(fd, SocketCalls.SHUT_WR); // fails only where the peer went first
  }

  /** Ends both directions and wakes whoever waits in a call; harmless when repeated. */
  public void shutdown() {
    synchronized (closing) {
      if (!closed) {
        SocketCalls.shutdown(fd, SocketCalls.SHUT_RDWR); // fails only where the peer went first
      }
    }
  }

  @Override
  public void close() {
    synchronized (closing) {
      if (!closed) {
        closed = true;
        SocketCalls.close(fd);
      }
    }
  }

  private static long address(MemorySegment segment, long offset, int length) {
    if (!segment.isNative() || length <= 0) {
      throw new IllegalArgumentException("needs native memory and 1 byte or more, not " + length);
    }
    Objects.checkFromIndexSize(offset, length, segment.byteSize());
    return segment.address() + offset;
  }

  private RuntimeException failure(String action, int error, long millis) {
    return switch (Errno.of(error)) {
      case EAGAIN -> new TcpTimeoutException(action, peer, millis);
      case EPIPE, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOTCONN, ECONNABORTED ->
          new TcpClosedException(action, peer, Errno.of(error).name());
      default -> new SystemCallException(action + "(" + Sockaddr.text(peer) + ")", error);
    };
  }

  @Override
  public String toString() {
    return "tcp " + Sockaddr.text(peer) + " fd " + fd;
  }
}
