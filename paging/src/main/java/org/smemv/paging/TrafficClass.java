package org.smemv.paging;

import org.jspecify.annotations.Nullable;
import org.smemv.linux.ThreadPriority;

/** What a connection is for. Faults never wait behind anything else. */
public enum TrafficClass {
  /** Requests of the control plane; belongs to no VM. */
  CONTROL(0),
  /** Pages that a vCPU waits for. */
  FAULT(1),
  /** Pages that are fetched ahead of need. */
  PREFETCH(2),
  /** Copying and eviction. */
  BULK(3),
  /** The device stream of a VM that moves. */
  BODY(4);

  /** Where processors are contended, nine times the share of an ordinary thread. */
  private static final int FAULT_NICE = -10;

  private static final TrafficClass[] VALUES = values();

  private final int code;

  TrafficClass(int code) {
    this.code = code;
  }

  /** The class as the wire numbers it. */
  public int code() {
    return code;
  }

  /**
   * How many connections of this class a host may have about one VM, told apart by lanes from 0. A
   * source has one for the pages of a new main host, and one for the places of each sub-host; a
   * main host has one for its drops and evictions, and one for each sub-host that is leaving; of
   * everything else there is one.
   */
  int lanes() {
    return this == BULK ? 1 + SubHosts.HOSTS_MAX : 1;
  }

  /**
   * True when requests of this class only read: they change neither pages nor the epoch of the
   * holder.
   */
  boolean readsOnly() {
    return this == FAULT || this == PREFETCH;
  }

  /**
   * The calling thread serves this class alone from now on. One that serves faults gets the
   * processor before others of its agent: on a host with few processors the wait for one is longer
   * than the way over the network. Without CAP_SYS_NICE nothing changes.
   */
  void takeThread() {
    if (this == FAULT) {
      boolean ignored = ThreadPriority.nice(FAULT_NICE);
    }
  }

  /** The class with a number; null when there is none. */
  static @Nullable TrafficClass of(int code) {
    return code >= 0 && code < VALUES.length ? VALUES[code] : null;
  }
}
