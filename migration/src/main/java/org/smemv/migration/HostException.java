package org.smemv.migration;

/** A host did not do what it was asked. The message names the host, what was asked, and why not. */
public final class HostException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Kind {
    /** It does not have the memory. */
    CAPACITY,
    /** It refused for another reason. */
    REFUSED,
    /** It cannot be reached, or did not answer in time: what it did is not known. */
    UNREACHABLE
  }

  private final Kind kind;

  /** A failure with its reason. */
  public HostException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** A failure that another one caused. */
  public HostException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Why. */
  public Kind kind() {
    return kind;
  }
}
