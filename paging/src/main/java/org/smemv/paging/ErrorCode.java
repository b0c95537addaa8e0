package org.smemv.paging;

/** Why a host refused a frame; the numbers are the wire's. */
public enum ErrorCode {
  /** The frame breaks the wire format; the connection is closed. */
  MALFORMED(1),
  /** The peer speaks another version of the wire format; the connection is closed. */
  VERSION(2),
  /** This host holds nothing for the VM. */
  UNKNOWN_VM(3),
  /** The VM has moved on: the frame is of an older epoch than this host has seen. */
  STALE_EPOCH(4),
  /** Storing the frame would exceed what this host granted; nothing of it was stored. */
  CAPACITY(5),
  /** The contents of a page are not what their checksum says; nothing of the frame was stored. */
  CHECKSUM(6),
  /** The request makes sense but not here or not now. */
  REFUSED(7),
  /** A fault of this host; its log has more. */
  INTERNAL(8);

  private static final ErrorCode[] VALUES = values();

  private final int code;

  ErrorCode(int code) {
    this.code = code;
  }

  /** The error as the wire numbers it. */
  public int code() {
    return code;
  }

  /** True when the peer's stream cannot be followed any further. */
  boolean endsConnection() {
    return this == MALFORMED || this == VERSION;
  }

  /** The error with a number; one that is not known here counts as {@link #INTERNAL}. */
  static ErrorCode of(int code) {
    return code > 0 && code <= VALUES.length ? VALUES[code - 1] : INTERNAL;
  }
}
