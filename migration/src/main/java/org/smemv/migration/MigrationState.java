package org.smemv.migration;

/**
 * The steps of a migration, in order; reports show them by these names. Up to and including
 * SEND_BODY every failure leads to ABORTED and the VM goes on at its source; from COMMIT on it
 * belongs to the new main host. Where the body stays, PREPARE, COPY, PAUSE, SEND_BODY and RESUME
 * are passed over, and a COMMIT that fails has changed nothing.
 */
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
  DONE,
  /** Ended before commit; the VM runs at its source with all its memory. */
  ABORTED,
  /** After commit, and a host that is needed cannot be reached; tried again until it can. */
  STALLED;

  /** True when nothing will happen any more, whoever acts: the VM may be moved again. */
  public boolean isOver() {
    return this == DONE || this == ABORTED;
  }

  /**
   * True when there is nothing to wait for: it is over, or it is stalled and may be so until
   * somebody brings a host back. A stalled one still goes on by itself then.
   */
  public boolean isOverOrStalled() {
    return isOver() || this == STALLED;
  }
}
