package org.smemv.placement;

import java.util.List;

/**
 * Where a VM goes, and why.
 *
 * @param main the host that runs it
 * @param subs the hosts that hold the rest; those that hold a share already come first
 * @param leaving hosts whose shares come to the main host
 * @param transfer what that costs
 */
public record PlacementPlan(
    Choice main, List<Choice> subs, List<String> leaving, Transfer transfer) {
  /** Keeps the lists as they are. */
  public PlacementPlan {
    subs = List.copyOf(subs);
    leaving = List.copyOf(leaving);
  }

  /**
   * A host of the plan.
   *
   * @param grantBytes what it must grant in all, whole pages
   * @param keptBytes of these, granted already
   * @param movedBytes contents that are expected to go there
   * @param freeBytes that it had when it was chosen
   * @param reason why it was chosen, for a person
   */
  public record Choice(
      String host,
      long grantBytes,
      long keptBytes,
      long movedBytes,
      long freeBytes,
      String reason) {}

  /**
   * One pass over the contents, every page straight to its target; what is written meanwhile comes
   * on top.
   *
   * @param bytes that cross the network
   * @param millis by the slowest link of those that are known; -1 when none is
   * @param slowest the host whose link that is; empty when none is known
   */
  public record Transfer(long bytes, long millis, String slowest) {}
}
