package org.smemv.linux;

/**
 * The error numbers of Linux on x86-64 that S-memV reacts to; every other one is {@link #OTHER}.
 */
public enum Errno {
  EPERM(1),
  ENOENT(2),
  ESRCH(3),
  EINTR(4),
  EIO(5),
  EBADF(9),
  ECHILD(10),
  EAGAIN(11),
  ENOMEM(12),
  EACCES(13),
  EFAULT(14),
  EBUSY(16),
  EEXIST(17),
  ENODEV(19),
  EINVAL(22),
  EMFILE(24),
  ENOTTY(25),
  ENOSPC(28),
  EPIPE(32),
  ENOSYS(38),
  EOPNOTSUPP(95),
  EADDRINUSE(98),
  EADDRNOTAVAIL(99),
  ENETUNREACH(101),
  ECONNABORTED(103),
  ECONNRESET(104),
  ENOTCONN(107),
  ETIMEDOUT(110),
  ECONNREFUSED(111),
  EHOSTUNREACH(113),
  EINPROGRESS(115),
  OTHER(-1);

  private final int number;

  Errno(int number) {
    this.number = number;
  }

  /** The kernel's number, or -1 for {@link #OTHER}. */
  public int number() {
    return number;
  }

  /** The name of a kernel error number; {@link #OTHER} when it is not one listed here. */
  public static Errno of(int number) {
    for (Errno errno : values()) {
      if (errno.number == number) {
        return errno;
      }
    }
    return OTHER;
  }
}
