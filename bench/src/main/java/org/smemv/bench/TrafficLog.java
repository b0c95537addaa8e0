package org.smemv.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LinkTraffic;

/**
 * What crosses the links of some hosts while something moves, looked at each 10 ms by a thread of
 * its own. Its figures are for after {@link #close}.
 */
final class TrafficLog implements AutoCloseable {
  private static final long LOOK_MILLIS = 10;

  /** So much has come when pages travel, and not only questions. */
  private static final long BEGIN_BYTES = 256 << 10;

  /**
   * When this part has come, the rest is no transfer: drops, questions, the guest's own traffic.
   */
  private static final double END_PART = 0.995;

  /** Bytes that had been received at a time. */
  private record Look(long nanos, long receivedBytes) {}

  private final Lab lab;
  private final String target;
  private final Map<String, LinkTraffic> before = new TreeMap<>();
  private final Map<String, LinkTraffic> carried = new TreeMap<>();
  private final List<Look> looks = new ArrayList<>();
  private final Thread thread;
  private volatile boolean running = true;

  private TrafficLog(Lab lab, List<String> senders, String target) {
    this.lab = lab;
    this.target = target;
    senders.forEach(host -> before.put(host, lab.host(host).traffic()));
    before.put(target, lab.host(target).traffic());
    this.thread = Thread.ofPlatform().name("traffic-log").daemon().unstarted(this::look);
  }

  /** Begins to look. */
  static TrafficLog start(Lab lab, List<String> senders, String target) {
    TrafficLog log = new TrafficLog(lab, senders, target);
    log.thread.start();
    return log;
  }

  private void look() {
    while (running) {
      looks.add(new Look(System.nanoTime(), since(target).receivedBytes()));
      BenchVm.pause(LOOK_MILLIS);
    }
  }

  private LinkTraffic since(String host) {
    LinkTraffic then = before.get(host);
    if (then == null) {
      throw new IllegalArgumentException(host + " is not looked at");
    }
    return lab.host(host).traffic().since(then);
  }

  /** Looks once more, and no longer. */
  @Override
  public void close() {
    running = false;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted in the middle of a benchmark", e);
    }
    before.keySet().forEach(host -> carried.put(host, since(host)));
    looks.add(new Look(System.nanoTime(), receivedBy(target)));
  }

  /** Bytes that hosts sent, in sum. */
  long sent(List<String> hosts) {
    return hosts.stream().map(this::carried).mapToLong(LinkTraffic::sentBytes).sum();
  }

  /** Bytes that a host received. */
  long receivedBy(String host) {
    return carried(host).receivedBytes();
  }

  private LinkTraffic carried(String host) {
    LinkTraffic traffic = carried.get(host);
    if (traffic == null) {
      throw new IllegalStateException(host + " is not known yet");
    }
    return traffic;
  }

  /** From the first pages to the last. */
  double transferMillis() {
    return (at(end()).nanos - at(begin()).nanos) / 1e6;
  }

  /** Bytes that came in that time. */
  long receivedInTransfer() {
    return at(end()).receivedBytes - at(begin()).receivedBytes;
  }

  private Look at(int index) {
    return looks.get(index);
  }

  /** The last look before pages travelled. */
  private int begin() {
    int index = 0;
    while (index + 1 < looks.size() && at(index + 1).receivedBytes < BEGIN_BYTES) {
      index++;
    }
    return index;
  }

  private int end() {
    double all = looks.getLast().receivedBytes * END_PART;
    int index = looks.size() - 1;
    while (index > 0 && at(index - 1).receivedBytes >= all) {
      index--;
    }
    return index;
  }
}
