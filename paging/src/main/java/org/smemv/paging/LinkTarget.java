package org.smemv.paging;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.UUID;

/**
 * Where a {@link PageLink} leads and what it is for.
 *
 * @param address the data port of the host
 * @param vm the VM; all zero for {@link TrafficClass#CONTROL}
 * @param epoch the VM's epoch, which every frame carries
 * @param traffic what the link is for
 * @param lane tells links of the same class apart: 0..64 for {@link TrafficClass#BULK}, else 0; a
 *     new link ends the one before it with the same VM, class, caller and lane
 * @param caller this host's name
 * @param timeout how long to wait for the connection, and for each answer
 */
public record LinkTarget(
    InetSocketAddress address,
    UUID vm,
    long epoch,
    TrafficClass traffic,
    int lane,
    String caller,
    Duration timeout) {
  /** What a connection of the control plane, and each of its frames, says is its VM. */
  static final UUID NO_VM = new UUID(0, 0);

  /** A link of the control plane. */
  public static LinkTarget control(InetSocketAddress address, String caller, Duration timeout) {
    return new LinkTarget(address, NO_VM, 0, TrafficClass.CONTROL, 0, caller, timeout);
  }
}
