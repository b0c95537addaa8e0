package org.smemv.paging;

import org.jspecify.annotations.Nullable;

/**
 * One connection to a sub-host that is leaving, made when it is needed and again once it was lost.
 * Owned by the thread of its drain, except {@link #shutdown}.
 */
final class SourceLink implements AutoCloseable {
  private final SubHosts hosts;
  private final SubHost host;
  private final TrafficClass traffic;
  private final int lane;
  private final DrainCounters counters;
  private volatile @Nullable PageLink link;
  private volatile boolean stopped;

  SourceLink(SubHosts hosts, SubHost host, TrafficClass traffic, int lane, DrainCounters counters) {
    this.hosts = hosts;
    this.host = host;
    this.traffic = traffic;
    this.lane = lane;
    this.counters = counters;
  }

  /**
   * The connection; null while the sub-host cannot be reached, which holds the drain up.
   *
   * @throws PageLinkException when it cannot be made
   */
  @Nullable PageLink get() {
    PageLink open = link;
    if (open != null) {
      return open;
    }
    if (host.state() != SubHost.State.CONNECTED) {
      counters.stalled(
          "sub-host %s cannot be reached: %s".formatted(host.identity().name(), host.reason()));
      return null;
    }
    PageLink fresh = hosts.open(host, traffic, lane);
    link = fresh;
    if (stopped) {
      fresh.shutdown();
    }
    return fresh;
  }

  /** It is of no further use, which holds the drain up. */
  void lose(PageLinkException why) {
    close();
    counters.stalled("sub-host " + host.identity().name() + ": " + why.getMessage());
  }

  /** Ends what is under way soon. Any thread. */
  void shutdown() {
    stopped = true;
    PageLink open = link;
    if (open != null) {
      open.shutdown();
    }
  }

  @Override
  public void close() {
    PageLink open = link;
    link = null;
    if (open != null) {
      open.close();
    }
  }
}
