package org.smemv.node.api;

/** What a VM is doing on the host that reports it. */
public enum VmState {
  RUNNING,
  /** Stopped by its operator or not started yet. */
  PAUSED,
  /** Running here while its memory is copied elsewhere. */
  MIGRATING,
  /** Being received; it does not run here yet. */
  INCOMING,
  /** Part of its memory is out of reach: the reason says which host and what is lost. */
  STALLED,
  /** Its QEMU has ended unasked. */
  DEAD
}
