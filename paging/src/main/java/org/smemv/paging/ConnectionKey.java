package org.smemv.paging;

import java.util.UUID;

/**
 * What makes a connection the successor of another: the VM, the traffic class, the calling host,
 * and its lane where a host has several of a class (the count field of HELLO, see {@link
 * TrafficClass#lanes()}).
 */
record ConnectionKey(UUID vm, TrafficClass traffic, String caller, int lane) {
  @Override
  public String toString() {
    return traffic + " connection " + lane + " of " + caller + " for VM " + vm;
  }
}
