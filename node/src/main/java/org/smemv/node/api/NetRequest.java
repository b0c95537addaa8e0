package org.smemv.node.api;

/**
 * The network card of a VM to start.
 *
 * @param bridge an existing bridge on every host the VM may move to
 * @param mac unicast address
 */
public record NetRequest(String bridge, String mac) {
  public NetRequest {
    if (bridge == null || mac == null) {
      throw new IllegalArgumentException("net: bridge and mac are both needed");
    }
  }
}
