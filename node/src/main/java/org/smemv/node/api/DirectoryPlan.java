package org.smemv.node.api;

import java.util.List;

/**
 * Where a VM would go, why, and what that would cost.
 *
 * @param source the host that it runs on
 * @param memoryBytes guest RAM
 * @param targets the main host first
 * @param leaving hosts whose shares would come to the main host
 * @param transferBytes contents to be sent, once; what is written meanwhile comes on top
 * @param transferMillis by the slowest known link; -1 when none is known
 * @param slowestLink the host whose link that is; empty when none is known
 */
public record DirectoryPlan(
    String vm,
    String source,
    long memoryBytes,
    List<Target> targets,
    List<String> leaving,
    long transferBytes,
    long transferMillis,
    String slowestLink) {
  public DirectoryPlan {
    targets = List.copyOf(targets);
    leaving = List.copyOf(leaving);
  }

  /** The sub-hosts with what each would grant, as a migration is asked for. */
  public List<SubShare> subShares() {
    return targets.stream()
        .filter(target -> target.role() == TargetRole.SUB)
        .map(target -> new SubShare(target.host(), target.bytes()))
        .toList();
  }

  /**
   * One receiving host.
   *
   * @param bytes that it would grant
   * @param transferBytes contents that would be sent to it
   * @param freeBytes that it had last
   * @param reason why it was chosen
   */
  public record Target(
      String host,
      TargetRole role,
      long bytes,
      long transferBytes,
      long freeBytes,
      String reason) {}
}
