package org.smemv.node.agent;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the pager of one VM made anew after a thread of it broke: what it left is what a dead agent
 * would leave. Tried each second until it is done. Any thread.
 */
final class PagerRevival {
  private static final Logger log = LoggerFactory.getLogger(PagerRevival.class);

  /** Makes the pager anew, or finds that there is no need to any more. */
  interface Restart {
    void run() throws IOException;
  }

  private final String vm;
  private final Restart restart;
  private final Duration pause;
  private volatile @Nullable String reason;
  private int breaks;
  private boolean reviving;

  PagerRevival(String vm, Restart restart) {
    this(vm, restart, EachSecond.PAUSE);
  }

  PagerRevival(String vm, Restart restart, Duration pause) {
    this.vm = vm;
    this.restart = restart;
    this.pause = pause;
  }

  /** Why the VM's memory is not served now; null when this has nothing to do with it. */
  @Nullable String reason() {
    return reason;
  }

  /** A thread of the pager broke: also one that is just being made. */
  synchronized void broke(Throwable failure) {
    reason = "paging broke and is being started again: " + failure;
    breaks++;
    if (!reviving) {
      reviving = true;
      EachSecond.until("revive-" + vm, pause, this::isRestarted);
    }
  }

  private boolean isRestarted() {
    int before = breaks();
    try {
      restart.run();
      return isWholeSince(before);
    } catch (IOException | RuntimeException e) {
      String why = "paging broke and could not be started again: " + e;
      if (!why.equals(reason)) { // once, not each second
        log.error("VM {}: {}", vm, why, e);
      }
      reason = why;
      return false;
    }
  }

  private synchronized int breaks() {
    return breaks;
  }

  private synchronized boolean isWholeSince(int before) {
    if (breaks != before) {
      return false;
    }
    reason = null;
    reviving = false;
    return true;
  }
}
