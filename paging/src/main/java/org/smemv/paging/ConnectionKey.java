package org.smemv.paging;

import java.util.UUID;

/**
 * What makes a connection the successor of another: the VM, the traffic class, the calling host,
 * whether the VM arrives here or is held, and its lane where a host has several of a class (the
 * count field of HELLO, see {@link TrafficClass#lanes()}).
 */
record ConnectionKey(UUID vm, TrafficClass traffic, String caller, int lane, boolean arrival) {
  /** The same, of a VM that arrives on this host. */
  ConnectionKey forArrival() {
    return new ConnectionKey(vm, traffic, caller, lane, true);
  }

  @Override
  public String toString() {
    return traffic + " connection " + lane + " of " + caller + " for VM " + vm;
  }
}
