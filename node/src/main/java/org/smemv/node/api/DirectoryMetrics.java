package org.smemv.node.api;

/**
 * The figures of a directory for monitoring. Counters count since it was started.
 *
 * @param hosts that are listed
 * @param lostHosts of these, not heard of lately; sums of bytes are without them
 * @param drainingHosts of these, that are to be emptied
 * @param vms that hosts say they have; one that moves may be there twice
 * @param capacityBytes of all hosts that are not lost
 * @param freeBytes of it neither used nor reserved
 * @param reservedBytes of it granted and not yet used
 * @param usedBytes of it used
 * @param rows that are remembered: hosts, VMs, shares and labels
 * @param heartbeats that were taken
 * @param refusedHeartbeats that were refused, those that made no sense included
 * @param plans that were asked for
 * @param failedPlans of these, that there was none for
 * @param dataConnections of agents, open now
 */
public record DirectoryMetrics(
    long hosts,
    long lostHosts,
    long drainingHosts,
    long vms,
    long capacityBytes,
    long freeBytes,
    long reservedBytes,
    long usedBytes,
    long rows,
    long heartbeats,
    long refusedHeartbeats,
    long plans,
    long failedPlans,
    int dataConnections) {}
