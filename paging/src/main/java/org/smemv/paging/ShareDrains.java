package org.smemv.paging;

import org.jspecify.annotations.Nullable;

/**
 * The sub-hosts of one VM that are leaving, each with its {@link ShareDrain}. Which they are stands
 * in the page table's file, so that the next agent goes on. Any thread.
 */
final class ShareDrains implements AutoCloseable {
  private final ShareDrain.Parts parts;
  private final @Nullable ShareDrain[] drains = new ShareDrain[SubHosts.HOSTS_MAX];
  private boolean started;
  private boolean closed;

  ShareDrains(ShareDrain.Parts parts) {
    this.parts = parts;
  }

  /** Marks the sub-hosts that were leaving under the agent before, those that are still there. */
  synchronized void recover() {
    for (int index = 0; index < drains.length; index++) {
      if (parts.hosts().at(index) == null) {
        parts.table().leaving(index, false);
        parts.leftovers().forget(index);
      } else if (parts.table().isLeaving(index)) {
        begin(index);
      }
    }
  }

  /** Begins to move pages, once the sub-hosts are being connected to. */
  synchronized void start() {
    started = true;
    for (ShareDrain drain : drains) {
      if (drain != null) {
        drain.start();
      }
    }
  }

  /**
   * Has the pages of a sub-host go elsewhere. May be repeated.
   *
   * @throws IllegalArgumentException when there is none with that index
   * @throws IllegalStateException when it is just being stopped
   */
  synchronized void begin(int index) {
    SubHost host = parts.hosts().at(index);
    if (host == null) {
      throw new IllegalArgumentException("there is no sub-host with index " + index);
    }
    ShareDrain before = drains[index];
    if (before != null && host.leaving()) {
      if (before.isStopping()) {
        throw new IllegalStateException(
            "sub-host " + host.identity().name() + " is just being kept: try again");
      }
      return;
    }
    parts.table().leaving(index, true);
    host.leaving(true);
    ShareDrain drain = new ShareDrain(parts, host);
    drains[index] = drain;
    if (started && !closed) {
      drain.start();
    }
  }

  /** Has a sub-host keep what it still has, soon: see {@link SubHost#leaving()}. */
  synchronized void stop(int index) {
    ShareDrain drain = at(index);
    if (drain != null) {
      drain.stop();
    }
  }

  /** How far the draining of a sub-host is; null when it was never begun. */
  synchronized @Nullable DrainProgress progress(int index) {
    ShareDrain drain = at(index);
    return drain == null ? null : drain.progress();
  }

  synchronized boolean drained(int index) {
    ShareDrain drain = at(index);
    return drain != null && drain.drained();
  }

  /** A sub-host that is drained is no longer one of the VM's. */
  synchronized void forget(int index) {
    ShareDrain drain = at(index);
    drains[index] = null;
    if (drain != null) {
      drain.close();
    }
    parts.leftovers().forget(index);
    parts.table().leaving(index, false);
  }

  private @Nullable ShareDrain at(int index) {
    return index >= 0 && index < drains.length ? drains[index] : null;
  }

  @Override
  public synchronized void close() {
    closed = true;
    for (ShareDrain drain : drains) {
      if (drain != null) {
        drain.close();
      }
    }
  }
}
