package org.smemv.node.api;

/** Where a migration is. Up to and including SEND_BODY the VM is safe at its source. */
public enum MigrationState {
  PLAN,
  RESERVE,
  PREPARE,
  COPY,
  PAUSE,
  SEND_BODY,
  COMMIT,
  RESUME,
  SETTLE,
  /** The VM runs at its destination; nothing is left to do. */
  DONE,
  /** Given up before the commit; the VM runs at its source with all its memory. */
  ABORTED,
  /** Committed and held up; it is tried again until it is done. */
  STALLED;

  /** True when nothing changes any more unless the operator acts. */
  public boolean isFinal() {
    return this == DONE || this == ABORTED || this == STALLED;
  }
}
