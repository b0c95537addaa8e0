package org.smemv.paging;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks through what suspect sub-hosts hold, and has them drop what no entry of the page table
 * places there. Owned by the evictor's thread: nobody else makes an entry name a sub-host, so what
 * is dropped here cannot be wanted a moment later.
 */
final class LeftoverSweep {
  private static final Logger log = LoggerFactory.getLogger(LeftoverSweep.class);

  /** Questions in one go, of 256 pages each: no page leaves meanwhile. */
  private static final int EXCHANGES_MAX = 8;

  private final PageTable table;
  private final SubHosts hosts;
  private final Leftovers leftovers;
  private final PageBatch found = new PageBatch();
  private final PageBatch drops = new PageBatch();
  private int current = -1;
  private long next;
  private long dropped;

  LeftoverSweep(PageTable table, SubHosts hosts, Leftovers leftovers) {
    this.table = table;
    this.hosts = hosts;
    this.leftovers = leftovers;
  }

  /**
   * Does a short piece of the work.
   *
   * @return true when there is more to do now
   */
  boolean sweepSome() {
    if (current < 0 && !begin()) {
      return false;
    }
    try {
      for (int i = 0; i < EXCHANGES_MAX; i++) {
        next = hosts.list(current, next, found);
        dropUnplaced();
        if (next == 0) {
          end(true);
          return true;
        }
      }
      return true;
    } catch (RuntimeException e) {
      log.info("sub-host {} could not be looked through: {}", hosts.name(current), e.getMessage());
      end(false);
      return false;
    }
  }

  private boolean begin() {
    for (int host = 0; host < SubHosts.HOSTS_MAX; host++) {
      SubHost at = hosts.at(host);
      if (at != null && at.stores() && leftovers.beginSweep(host)) {
        current = host;
        next = 0;
        dropped = 0;
        return true;
      }
    }
    return false;
  }

  private void dropUnplaced() {
    drops.clear();
    for (int i = 0; i < found.size(); i++) {
      long page = found.page(i);
      if (page >= table.pages() || !PageEntry.names(table.get(page), current)) {
        drops.add(page);
      }
    }
    if (drops.size() > 0) {
      hosts.drop(current, drops);
      dropped += drops.size();
    }
  }

  private void end(boolean done) {
    hosts.countUsed(current, -leftovers.endSweep(current, done));
    if (dropped > 0) {
      log.info("sub-host {} dropped {} copies that nobody knew of", hosts.name(current), dropped);
    }
    current = -1;
  }
}
