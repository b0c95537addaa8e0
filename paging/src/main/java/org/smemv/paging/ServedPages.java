package org.smemv.paging;

import java.util.concurrent.atomic.LongAdder;

/**
 * How many page contents a page server has sent, by who asked for them, and received. Zeros and
 * absent pages have no contents. Any thread.
 */
public final class ServedPages {
  private final LongAdder toFaults = new LongAdder();
  private final LongAdder inBackground = new LongAdder();
  private final LongAdder received = new LongAdder();

  /** Contents are about to be sent in answer to a GET. */
  void sent(TrafficClass traffic, int contents) {
    (traffic == TrafficClass.FAULT ? toFaults : inBackground).add(contents);
  }

  /** Contents of a PUT were stored. */
  void received(int contents) {
    received.add(contents);
  }

  /** Sent because a guest touched the page: nothing else is asked for on these connections. */
  public long toFaults() {
    return toFaults.sum();
  }

  /** Sent to who gathers a share, or takes it over: a main host or another sub-host. */
  public long inBackground() {
    return inBackground.sum();
  }

  /** Received from an eviction or a migration, repeated ones included. */
  public long received() {
    return received.sum();
  }
}
