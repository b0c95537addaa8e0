package org.smemv.node.api;

/** What kind of failure an operation ended with; the HTTP status follows from it. */
public enum ErrorCode {
  /** The request itself makes no sense. Nothing has changed. */
  BAD_REQUEST(400),
  /** No such VM, host, migration or route. */
  NOT_FOUND(404),
  /** The name is taken. */
  ALREADY_EXISTS(409),
  /** The VM is in the middle of something else, such as a migration. */
  BUSY(409),
  /** The VM or its QEMU cannot be handled; the message names each reason and remedy. */
  UNSUITABLE(422),
  /** A host has not enough memory. */
  CAPACITY(507),
  /** A host does not answer. */
  UNREACHABLE_HOST(502),
  /** A part of the VM's memory is out of reach or lost. */
  STALLED(503),
  /** The operation was tried and failed; the message says where the VM is now. */
  FAILED(500),
  /** A bug of the agent. */
  INTERNAL(500);

  private final int status;

  ErrorCode(int status) {
    this.status = status;
  }

  /** The HTTP status that carries this code. */
  public int status() {
    return status;
  }
}
