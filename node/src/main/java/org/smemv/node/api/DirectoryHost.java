package org.smemv.node.api;

import java.util.List;

/**
 * A host as the directory knows it: the fields of {@link HostReport}, and how it is.
 *
 * @param data address of its agent for other agents
 * @param lost it has not been heard of for 5 s; the figures are the last ones
 * @param draining it takes nothing new
 * @param silentMillis since it was heard of
 * @param reserveBytes of the free memory that plans leave alone
 * @param linkBytesPerSecond of its network card; 0 when not known
 * @param labels that VMs may be kept apart from
 */
public record DirectoryHost(
    String name,
    long capacityBytes,
    long freeBytes,
    long reservedBytes,
    long usedBytes,
    List<String> vms,
    List<HostReport.Share> shares,
    String data,
    boolean lost,
    boolean draining,
    long silentMillis,
    long reserveBytes,
    long linkBytesPerSecond,
    List<String> labels) {
  public DirectoryHost {
    vms = List.copyOf(vms);
    shares = List.copyOf(shares);
    labels = List.copyOf(labels);
  }
}
