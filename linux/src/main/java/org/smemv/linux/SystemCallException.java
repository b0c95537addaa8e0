package org.smemv.linux;

/** A system call failed. The message names the call, its arguments and the error. */
public final class SystemCallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int number;

  /**
   * @param call the call with its arguments, as a person would write it: {@code pidfd_open(1234)}
   * @param number the kernel's error number, positive
   */
  public SystemCallException(String call, int number) {
    super(call + " failed: " + describe(number));
    this.call = call;
    this.number = number;
  }

  /** The call and its arguments. */
  public String call() {
    return call;
  }

  /** The error by name. */
  public Errno errno() {
    return Errno.of(number);
  }

  /** The error as the kernel numbers it. */
  public int errorNumber() {
    return number;
  }

  private static String describe(int number) {
    Errno errno = Errno.of(number);
    return errno == Errno.OTHER ? "errno " + number : errno.name();
  }
}
