package org.smemv.placement;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Adds up what each link carries; the slowest decides how long it takes. One thread. */
final class ExpectedTransfer {
  private final Fleet fleet;
  private final Map<String, Long> sent = new TreeMap<>();
  private final Map<String, Long> received = new TreeMap<>();
  private long bytes;

  ExpectedTransfer(Fleet fleet) {
    this.fleet = fleet;
  }

  void send(String from, String to, long moved) {
    sent.merge(from, moved, Long::sum);
    received.merge(to, moved, Long::sum);
    bytes += moved;
  }

  PlacementPlan.Transfer estimate() {
    String slowest = "";
    double seconds = -1;
    for (Map<String, Long> side : List.of(sent, received)) {
      for (Map.Entry<String, Long> link : side.entrySet()) {
        FleetHost host = fleet.host(link.getKey());
        long rate = host == null ? 0 : host.linkBytesPerSecond();
        if (rate > 0 && (double) link.getValue() / rate > seconds) {
          seconds = (double) link.getValue() / rate;
          slowest = link.getKey();
        }
      }
    }
    return new PlacementPlan.Transfer(
        bytes, seconds < 0 ? -1 : (long) Math.ceil(seconds * 1000), slowest);
  }
}
