package org.smemv.node.api;

import java.util.List;

/**
 * What a migration would do; the answer to a dry run.
 *
 * @param memoryBytes guest RAM
 * @param mode what would move first
 * @param downtimeLimitMillis the pause it would aim for
 * @param maxBandwidth bytes per second, 0 for no limit
 * @param timeoutSeconds 0 for none
 * @param targets who would get how much
 */
public record PlanReport(
    String vm,
    String source,
    long memoryBytes,
    MigrationMode mode,
    long downtimeLimitMillis,
    long maxBandwidth,
    long timeoutSeconds,
    TimeoutAction onTimeout,
    List<Target> targets) {
  public PlanReport {
    targets = List.copyOf(targets);
  }

  /**
   * One receiving host.
   *
   * @param bytes that would be reserved there
   * @param freeBytes that it has now
   */
  public record Target(String host, TargetRole role, long bytes, long freeBytes) {}
}
