package org.smemv.paging;

/** A peer's frame is refused. The code and the message go back to it in an ERROR. */
public final class FrameException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  /** The message says which field of what, its value and the limit. */
  public FrameException(ErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  /** Why, as the wire says it. */
  public ErrorCode code() {
    return code;
  }
}
