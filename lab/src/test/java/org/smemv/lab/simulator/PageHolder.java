package org.smemv.lab.simulator;

import java.util.SortedMap;
import org.smemv.migration.HostException;

/**
 * Who takes frames about a VM's pages: a sub-host's store, a VM that arrives, or one that left. A
 * connection is about the one that it found when it was opened.
 */
interface PageHolder {
  /** Lets in who stores and drops; older epochs are refused from then on. */
  void admit(long epoch) throws HostException;

  /** Lets in who only reads. */
  void admitReader(long epoch) throws HostException;

  /** Takes a page, or refuses. */
  void put(long epoch, int page, long version) throws HostException;

  /** Null when it is not there. */
  default Long get(long epoch, int page) throws HostException {
    throw Agent.refused("a VM that arrives gives no pages");
  }

  /** All pages, by their numbers. */
  default SortedMap<Integer, Long> list(long epoch) throws HostException {
    throw Agent.refused("a VM that arrives gives no pages");
  }

  default void drop(long epoch, int page) throws HostException {
    throw Agent.refused("a VM that arrives drops no pages");
  }
}
