package org.smemv.node.directory;

import java.util.List;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.OperationException;

/** Plans without a directory: for hosts that were all asked just now. */
public final class AskedHosts {
  private AskedHosts() {}

  /**
   * The plan that a directory would make that had heard this.
   *
   * @throws OperationException when there is none, with the reason
   */
  public static DirectoryPlan plan(List<Heartbeat> hosts, PlanQuestion question)
      throws OperationException {
    return new FleetView(hosts.stream().map(beat -> new FleetView.Host(beat, false, 0)).toList())
        .answer(question);
  }
}
