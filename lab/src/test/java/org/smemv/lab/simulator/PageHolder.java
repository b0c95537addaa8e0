package org.smemv.lab.simulator;

import org.smemv.migration.HostException;

/** Who takes frames about a VM's pages: a sub-host's store, or a VM that arrives. */
interface PageHolder {
  /** Lets in who stores and drops; older epochs are refused from then on. */
  void admit(long epoch) throws HostException;

  /** Lets in who only reads. */
  void admitReader(long epoch) throws HostException;

  /** Takes a page, or refuses. */
  void put(long epoch, int page, long version) throws HostException;
}
