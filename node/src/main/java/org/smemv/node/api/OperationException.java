package org.smemv.node.api;

/**
 * An operation did not succeed. The message is written for the operator: what failed, where, and
 * what to do.
 */
public final class OperationException extends Exception {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public OperationException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  public OperationException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** What kind of failure. */
  public ErrorCode code() {
    return code;
  }

  /** The message; never null. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
