package org.smemv.node.qemu;

import java.io.IOException;

/** A QEMU process could not be started, found or talked to. The message says what to do. */
public final class QemuException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** The QEMU program is missing or cannot tell its machine types. */
    NO_QEMU,
    /** QEMU ended before its monitor answered; the message holds the end of its log. */
    START_FAILED,
    /** The tap device or the bridge. */
    NETWORK,
    /** No process has this id. */
    NO_SUCH_PROCESS,
    /** The process is something else. */
    NOT_QEMU,
    /** The QMP socket belongs to another QEMU. */
    SOCKET_OF_ANOTHER,
    /** Its memory cannot be taken over; the message holds every reason and remedy. */
    UNSUITABLE,
    /** It is still there after SIGKILL. */
    NOT_STOPPED,
    /** The record of a started VM is missing or damaged. */
    BAD_RECORD
  }

  private final Kind kind;

  QemuException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  QemuException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }
}
