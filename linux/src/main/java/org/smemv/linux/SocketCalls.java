package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The socket calls of libc, raw: they return what the kernel returned, and {@link
 * NativeCall#errno()} has the error. Pointers are passed as numbers, which are the same registers
 * in the x86-64 calling convention and cost no object.
 */
final class SocketCalls {
  static final int SOCK_STREAM = 1;
  static final int SOCK_NONBLOCK = 0x800;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int O_NONBLOCK = 0x800;

  static final int SOL_SOCKET = 1;
  static final int SO_REUSEADDR = 2;
  static final int SO_ERROR = 4;
  static final int SO_KEEPALIVE = 9;
  static final int SO_RCVTIMEO = 20;
  static final int SO_SNDTIMEO = 21;

  static final int IPPROTO_TCP = 6;
  static final int TCP_NODELAY = 1;
  static final int TCP_KEEPIDLE = 4;
  static final int TCP_KEEPINTVL = 5;
  static final int TCP_KEEPCNT = 6;

  static final int MSG_DONTWAIT = 0x40;
  static final int MSG_NOSIGNAL = 0x4000;
  static final int SHUT_WR = 1;
  static final int SHUT_RDWR = 2;

  private static final int F_GETFL = 3;
  private static final int F_SETFL = 4;

  private static final FunctionDescriptor MESSAGE =
      NativeCall.longOf(JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final FunctionDescriptor BUFFER =
      NativeCall.longOf(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final FunctionDescriptor ADDRESS = NativeCall.intOf(JAVA_INT, JAVA_LONG, JAVA_INT);

  private static final MethodHandle SOCKET =
      NativeCall.link("socket", NativeCall.intOf(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle BIND = NativeCall.link("bind", ADDRESS);
  private static final MethodHandle CONNECT = NativeCall.link("connect", ADDRESS);
  private static final MethodHandle LISTEN =
      NativeCall.link("listen", NativeCall.intOf(JAVA_INT, JAVA_INT));
  private static final MethodHandle ACCEPT4 =
      NativeCall.link("accept4", NativeCall.intOf(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
  private static final MethodHandle GETSOCKNAME =
      NativeCall.link("getsockname", NativeCall.intOf(JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final FunctionDescriptor OPTION =
      NativeCall.intOf(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle SETSOCKOPT = NativeCall.link("setsockopt", OPTION);
  private static final MethodHandle GETSOCKOPT =
      NativeCall.link(
          "getsockopt", NativeCall.intOf(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle FCNTL =
      NativeCall.linkVariadic("fcntl", 2, NativeCall.intOf(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle RECV = NativeCall.link("recv", BUFFER);
  private static final MethodHandle SEND = NativeCall.link("send", BUFFER);
  private static final MethodHandle RECVMSG = NativeCall.link("recvmsg", MESSAGE);
  private static final MethodHandle SENDMSG = NativeCall.link("sendmsg", MESSAGE);
  private static final MethodHandle POLL =
      NativeCall.link("poll", NativeCall.intOf(JAVA_LONG, JAVA_LONG, JAVA_INT));
  private static final MethodHandle SHUTDOWN =
      NativeCall.link("shutdown", NativeCall.intOf(JAVA_INT, JAVA_INT));
  private static final MethodHandle CLOSE = NativeCall.link("close", NativeCall.intOf(JAVA_INT));

  private SocketCalls() {}

  /** A new TCP socket of the family, close-on-exec, with {@code flags} added to its type. */
  static int socket(int family, int flags) {
    try {
      int type = SOCK_STREAM | SOCK_CLOEXEC | flags;
      int fd = (int) SOCKET.invokeExact(NativeCall.errnoState(), family, type, 0);
      if (fd < 0) {
        throw NativeCall.failed("socket(family " + family + ")");
      }
      return fd;
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int bind(int fd, long address, int length) {
    try {
      return (int) BIND.invokeExact(NativeCall.errnoState(), fd, address, length);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int connect(int fd, long address, int length) {
    try {
      return (int) CONNECT.invokeExact(NativeCall.errnoState(), fd, address, length);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int listen(int fd, int backlog) {
    try {
      return (int) LISTEN.invokeExact(NativeCall.errnoState(), fd, backlog);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int accept4(int fd, long address, long length, int flags) {
    try {
      return (int) ACCEPT4.invokeExact(NativeCall.errnoState(), fd, address, length, flags);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int getsockname(int fd, long address, long length) {
    try {
      return (int) GETSOCKNAME.invokeExact(NativeCall.errnoState(), fd, address, length);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Sets an option of type int. */
  static void option(int fd, int level, int name, int value) {
    try (Arena arena = Arena.ofConfined()) {
      option(fd, level, name, arena.allocateFrom(JAVA_INT, value));
    }
  }

  /** Sets a time-out option, whose value is a {@code struct timeval}; 0 is for ever. */
  static void timeoutOption(int fd, int name, long millis) {
    try (Arena arena = Arena.ofConfined()) {
      long micros = millis % 1000 * 1000;
      option(fd, SOL_SOCKET, name, arena.allocateFrom(JAVA_LONG, millis / 1000, micros));
    }
  }

  private static void option(int fd, int level, int name, MemorySegment value) {
    try {
      int length = (int) value.byteSize();
      int result =
          (int)
              SETSOCKOPT.invokeExact(
                  NativeCall.errnoState(), fd, level, name, value.address(), length);
      if (result < 0) {
        throw NativeCall.failed(
            "setsockopt(" + fd + ", " + text(level, name) + valueText(value) + ")");
      }
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Reads an option of type int. */
  static int option(int fd, int level, int name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      MemorySegment length = arena.allocateFrom(JAVA_INT, Integer.BYTES);
      int result =
          (int)
              GETSOCKOPT.invokeExact(
                  NativeCall.errnoState(), fd, level, name, value.address(), length.address());
      if (result < 0) {
        throw NativeCall.failed("getsockopt(" + fd + ", " + text(level, name) + ")");
      }
      return value.get(JAVA_INT, 0);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** The names of an option and its level, as socket(7) and tcp(7) have them. */
  static String text(int level, int name) {
    String option =
        switch (level) {
          case SOL_SOCKET ->
              switch (name) {
                case SO_REUSEADDR -> "SO_REUSEADDR";
                case SO_ERROR -> "SO_ERROR";
                case SO_KEEPALIVE -> "SO_KEEPALIVE";
                case SO_RCVTIMEO -> "SO_RCVTIMEO";
                case SO_SNDTIMEO -> "SO_SNDTIMEO";
                default -> "option " + name;
              };
          case IPPROTO_TCP ->
              switch (name) {
                case TCP_NODELAY -> "TCP_NODELAY";
                case TCP_KEEPIDLE -> "TCP_KEEPIDLE";
                case TCP_KEEPINTVL -> "TCP_KEEPINTVL";
                case TCP_KEEPCNT -> "TCP_KEEPCNT";
                default -> "option " + name;
              };
          default -> "option " + name;
        };
    return switch (level) {
      case SOL_SOCKET -> "SOL_SOCKET, " + option;
      case IPPROTO_TCP -> "IPPROTO_TCP, " + option;
      default -> "level " + level + ", " + option;
    };
  }

  /** A value is an int, or the seconds and microseconds of a {@code struct timeval}. */
  private static String valueText(MemorySegment value) {
    return value.byteSize() == Integer.BYTES
        ? ", " + value.get(JAVA_INT, 0)
        : ", %d.%06d s".formatted(value.get(JAVA_LONG, 0), value.get(JAVA_LONG, 8));
  }

  static void nonBlocking(int fd, boolean on) {
    try {
      int flags = (int) FCNTL.invokeExact(NativeCall.errnoState(), fd, F_GETFL, 0);
      int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
      if (flags < 0 || (int) FCNTL.invokeExact(NativeCall.errnoState(), fd, F_SETFL, wanted) < 0) {
        throw NativeCall.failed(
            "fcntl(" + fd + ", F_SETFL, O_NONBLOCK " + (on ? "on" : "off") + ")");
      }
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static long recv(int fd, long address, long length, int flags) {
    try {
      return (long) RECV.invokeExact(NativeCall.errnoState(), fd, address, length, flags);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static long send(int fd, long address, long length, int flags) {
    try {
      return (long) SEND.invokeExact(NativeCall.errnoState(), fd, address, length, flags);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static long recvmsg(int fd, long message, int flags) {
    try {
      return (long) RECVMSG.invokeExact(NativeCall.errnoState(), fd, message, flags);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static long sendmsg(int fd, long message, int flags) {
    try {
      return (long) SENDMSG.invokeExact(NativeCall.errnoState(), fd, message, flags);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int poll(long descriptors, long count, int timeoutMillis) {
    try {
      return (int) POLL.invokeExact(NativeCall.errnoState(), descriptors, count, timeoutMillis);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int shutdown(int fd, int how) {
    try {
      return (int) SHUTDOWN.invokeExact(NativeCall.errnoState(), fd, how);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static int close(int fd) {
    try {
      return (int) CLOSE.invokeExact(NativeCall.errnoState(), fd);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Lets the typed failure of a call through; all else is a broken link. */
  private static RuntimeException rethrow(Throwable cause) {
    return cause instanceof SystemCallException failure ? failure : NativeCall.broken(cause);
  }
}
