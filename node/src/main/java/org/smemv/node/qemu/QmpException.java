package org.smemv.node.qemu;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * QEMU's monitor could not be reached, did not answer, or answered with an error. The message names
 * the VM, the socket, the command and how long it was waited for.
 */
public final class QmpException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** No socket there, or nobody listens on it: QEMU is not running. */
    UNREACHABLE,
    /** Connected but not greeted: another client holds the socket, or QEMU is stopped. */
    NO_GREETING,
    /** The command was sent and no answer came in time. It may still be carried out. */
    TIMED_OUT,
    /** QEMU closed the connection: it has died or was told to quit. */
    CLOSED,
    /** QEMU answered the command with an error. */
    REFUSED,
    /** Something that is not QMP, or too long, came from the socket. */
    MALFORMED
  }

  private final Kind kind;
  private final @Nullable String errorClass;

  QmpException(Kind kind, String message) {
    this(kind, message, null);
  }

  QmpException(Kind kind, String message, @Nullable String errorClass) {
    super(message);
    this.kind = kind;
    this.errorClass = errorClass;
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }

  /** QEMU's class of error such as {@code CommandNotFound}; null unless {@link Kind#REFUSED}. */
  public @Nullable String errorClass() {
    return errorClass;
  }
}
