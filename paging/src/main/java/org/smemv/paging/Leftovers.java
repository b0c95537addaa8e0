package org.smemv.paging;

/**
 * Which sub-hosts may hold copies that no entry of the page table names: when a PULL began whose
 * end is not known, or pages went elsewhere. Such a host is looked through ({@link LeftoverSweep}),
 * never while a PULL to it is under way, because pages that were pulled are named only after that.
 *
 * <p>Marks stand in the page table's file, so that the next agent goes on. Any thread.
 */
final class Leftovers {
  private final PageTable table;
  private final int[] pulls = new int[SubHosts.HOSTS_MAX];
  private final boolean[] suspect = new boolean[SubHosts.HOSTS_MAX];
  private final boolean[] sweeping = new boolean[SubHosts.HOSTS_MAX];
  private final long[] unsurePages = new long[SubHosts.HOSTS_MAX];

  Leftovers(PageTable table) {
    this.table = table;
  }

  /** Takes over what a dead agent left. */
  synchronized void recover() {
    for (int host = 0; host < suspect.length; host++) {
      suspect[host] |= table.isSuspect(host);
    }
  }

  /** True when pages may be pulled to a host now. */
  synchronized boolean mayPull(int host) {
    return !suspect[host] && !sweeping[host];
  }

  /** Begins a PULL to a host; false when it is to be looked through first. */
  synchronized boolean beginPull(int host) {
    if (!mayPull(host)) {
      return false;
    }
    pulls[host]++;
    table.suspect(host, true);
    return true;
  }

  /**
   * The pages of a PULL are named or dropped, and none comes any more.
   *
   * @param unsure pages counted as held by the host that it may have or not
   */
  synchronized void endPull(int host, long unsure) {
    pulls[host]--;
    suspect[host] |= unsure > 0;
    unsurePages[host] += unsure;
    noteInTable(host);
  }

  /** A host may hold copies that no entry names. */
  synchronized void suspect(int host) {
    suspect[host] = true;
    noteInTable(host);
  }

  synchronized boolean isSuspect(int host) {
    return suspect[host] || sweeping[host];
  }

  /** Begins to look through a host, if that is called for and possible now. */
  synchronized boolean beginSweep(int host) {
    if (!suspect[host] || sweeping[host] || pulls[host] > 0) {
      return false;
    }
    // Whoever suspects it from here on has it looked through once more.
    suspect[host] = false;
    sweeping[host] = true;
    return true;
  }

  /**
   * Ends looking through a host.
   *
   * @param done false when it could not be finished and is to be begun again
   * @return pages counted as held by the host that it has not
   */
  synchronized long endSweep(int host, boolean done) {
    sweeping[host] = false;
    suspect[host] |= !done;
    long uncounted = done ? unsurePages[host] : 0;
    unsurePages[host] -= uncounted;
    noteInTable(host);
    return uncounted;
  }

  /** A host is no longer one of the VM's. */
  synchronized void forget(int host) {
    suspect[host] = false;
    unsurePages[host] = 0;
    noteInTable(host);
  }

  private void noteInTable(int host) {
    table.suspect(host, suspect[host] || sweeping[host] || pulls[host] > 0);
  }
}
