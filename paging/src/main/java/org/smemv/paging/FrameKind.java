package org.smemv.paging;

import org.jspecify.annotations.Nullable;

/** What a frame asks or answers; the numbers are the wire's. */
public enum FrameKind {
  /** Opens a connection: who calls, for which VM, in which traffic class. */
  HELLO(1, Body.BYTES),
  /** Accepts a HELLO. */
  WELCOME(2, Body.BYTES),
  /** Asks for pages; they stay where they are. */
  GET(3, Body.DESCRIPTORS),
  /** Answers a GET. */
  PAGES(4, Body.CONTENTS),
  /** Stores pages, all of the frame or none. */
  PUT(5, Body.CONTENTS),
  /** The pages of a PUT are stored. */
  PUT_ACK(6, Body.NONE),
  /** Forgets pages. */
  DROP(7, Body.DESCRIPTORS),
  /** The pages of a DROP are forgotten. */
  DROP_ACK(8, Body.NONE),
  /** A request to the control plane. */
  CONTROL(9, Body.BYTES),
  /** Answers a CONTROL. */
  CONTROL_REPLY(10, Body.BYTES),
  /** Tells an incoming main host where pages are. */
  PLACE(11, Body.DESCRIPTORS),
  /** The places of a PLACE are known. */
  PLACE_ACK(12, Body.NONE),
  /** Part of a VM's device stream; not answered. */
  BODY(13, Body.BYTES),
  /** The end of a device stream; answered by another one when all of it was taken. */
  BODY_END(14, Body.NONE),
  /** Refuses a request; the status says why. */
  ERROR(15, Body.BYTES),
  /** Has a sub-host fetch pages from another one, whose name follows, unless it has them. */
  PULL(16, Body.NAMED),
  /** Answers a PULL: what the host now has under these numbers. */
  PULL_ACK(17, Body.DESCRIPTORS),
  /** Asks which pages a host holds, from a page number on. */
  LIST(18, Body.NONE),
  /** Answers a LIST, in ascending order; its page number is where to go on, 0 at the end. */
  LISTED(19, Body.DESCRIPTORS);

  /** What follows the header. */
  enum Body {
    NONE,
    BYTES,
    DESCRIPTORS,
    /** Descriptors, then the name of a host. */
    NAMED,
    CONTENTS
  }

  private static final FrameKind[] BY_CODE = new FrameKind[20];

  static {
    for (FrameKind kind : values()) {
      BY_CODE[kind.code] = kind;
    }
  }

  private final int code;
  private final Body body;

  FrameKind(int code, Body body) {
    this.code = code;
    this.body = body;
  }

  /** The kind as the wire numbers it. */
  public int code() {
    return code;
  }

  Body body() {
    return body;
  }

  /** True when it asks a holder of pages for something. */
  boolean isPageRequest() {
    return switch (this) {
      case GET, PUT, DROP, PLACE, PULL, LIST -> true;
      default -> false;
    };
  }

  /** True when page descriptors may follow the header. */
  public boolean hasDescriptors() {
    return body == Body.DESCRIPTORS || body == Body.NAMED || body == Body.CONTENTS;
  }

  /** The kind with a number; null when there is none. */
  static @Nullable FrameKind of(int code) {
    return code > 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }
}
