package org.smemv.lab.simulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.smemv.migration.HostControl.Share;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.api.HostReport;
import org.smemv.placement.Fleet;
import org.smemv.placement.FleetHost;
import org.smemv.placement.PlacementPlan;
import org.smemv.placement.PlacementPlanner;
import org.smemv.placement.PlacementPlanner.NoPlan;
import org.smemv.placement.PlacementWish;

/**
 * Stands for node's HostDirectory: what all agents said last, which may be old, and the real {@link
 * PlacementPlanner}.
 */
final class Directory {
  static final long HEARTBEAT = 2 * Schedule.SECOND;
  private static final long LOST_AFTER = 5 * Schedule.SECOND;

  private record Known(HostReport report, long heardNanos) {}

  private final Map<String, Known> hosts = new LinkedHashMap<>();

  void heard(Agent agent, long now) {
    hosts.put(agent.name(), new Known(agent.report(), now));
  }

  void restart() {
    hosts.clear();
  }

  /**
   * Null when there is no plan.
   *
   * @param linkPart see {@link PlacementWish}
   */
  PlacementPlan plan(VmRecord record, Memory memory, String source, double linkPart, long now) {
    List<FleetHost> fleet = new ArrayList<>();
    for (Known known : new TreeMap<>(hosts).values()) {
      HostReport report = known.report();
      boolean lost = now - known.heardNanos() > LOST_AFTER;
      fleet.add(
          new FleetHost(
              report.name(),
              report.capacityBytes(),
              report.freeBytes(),
              0,
              // Slow, and not all alike: a VM that leaves fast is spread over several.
              (1 + report.name().hashCode() % 3) * Memory.BYTES,
              report.draining(),
              lost,
              Set.of()));
    }
    List<PlacementWish.Share> shares = new ArrayList<>();
    for (Share share : record.shares()) {
      long held = memory.used(share.index()) * Memory.BYTES;
      shares.add(new PlacementWish.Share(share.host(), share.bytes(), held));
    }
    try {
      return PlacementPlanner.plan(
          new Fleet(fleet),
          new PlacementWish(
              record.name(),
              record.memoryBytes(),
              memory.resident() * Memory.BYTES,
              0,
              source,
              null,
              Set.of(),
              Set.of(),
              3,
              shares,
              linkPart));
    } catch (NoPlan e) {
      return null;
    }
  }
}
