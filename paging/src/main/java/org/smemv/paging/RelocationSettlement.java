package org.smemv.paging;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes pages that were pulled from one sub-host to another belong there: changes their entries if
 * they are still what was seen, and has the copies dropped that are no longer named. Owned by the
 * evictor's thread, as are all drops, so that none can hit contents that were put later.
 */
final class RelocationSettlement {
  private static final Logger log = LoggerFactory.getLogger(RelocationSettlement.class);

  private final PageTable table;
  private final SubHosts hosts;
  private final Leftovers leftovers;
  private final PageBatch atSource = new PageBatch();
  private final PageBatch atTarget = new PageBatch();

  RelocationSettlement(PageTable table, SubHosts hosts, Leftovers leftovers) {
    this.table = table;
    this.hosts = hosts;
    this.leftovers = leftovers;
  }

  /** Settles what the target answered; all of {@code pulled} was counted as held by it. */
  void settle(PulledPages pulled, DrainCounters counters) {
    atSource.clear();
    atTarget.clear();
    SubHost target = hosts.at(pulled.target);
    if (target == null || target != pulled.targetHost) {
      leftovers.endPull(pulled.target, 0);
      return;
    }
    boolean stays = !target.leaving();
    int uncounted = 0;
    for (int i = 0; i < pulled.count; i++) {
      if (stays && pulled.arrived(i) && replace(pulled, i, moved(pulled, i))) {
        atSource.add(pulled.pages[i]);
        continue;
      }
      if (pulled.isGivenUp(i) && replace(pulled, i, PageEntry.ZERO)) {
        atSource.add(pulled.pages[i]);
      }
      if (pulled.isAbsent(i) || PageEntry.names(table.get(pulled.pages[i]), pulled.target)) {
        // Nothing to drop: it has none, or what it has was put there and counted meanwhile.
        uncounted++;
        noteMissing(pulled, i, counters);
      } else {
        atTarget.add(pulled.pages[i]);
      }
    }
    hosts.countUsed(pulled.source, -atSource.size());
    counters.relocated(atSource.size());
    dropAtSource(pulled.source);
    boolean dropped = dropAtTarget(pulled.target);
    uncounted += dropped ? atTarget.size() : 0;
    hosts.countUsed(pulled.target, -uncounted);
    leftovers.endPull(pulled.target, dropped ? 0 : atTarget.size());
  }

  private static long moved(PulledPages pulled, int index) {
    return PageEntry.movedTo(pulled.seen[index], pulled.target);
  }

  /** Unless the entry is not what was seen any more. */
  private boolean replace(PulledPages pulled, int index, long entry) {
    long page = pulled.pages[index];
    if (!table.compareAndSet(page, pulled.seen[index], entry)) {
      return false;
    }
    // A page that was given up is one of zeros from now on, whatever it was.
    table.changed().note(page, PageEntry.place(entry) == PageEntry.REMOTE);
    return true;
  }

  private void noteMissing(PulledPages pulled, int index, DrainCounters counters) {
    if (pulled.isAbsent(index) && table.get(pulled.pages[index]) == pulled.seen[index]) {
      counters.stalled(
          "sub-host "
              + hosts.name(pulled.source)
              + " does not have page "
              + pulled.pages[index]
              + " as the page table knows it");
    }
  }

  /** What is not dropped now is found when the source is looked through in the end. */
  private void dropAtSource(int source) {
    try {
      drop(source, atSource);
    } catch (RuntimeException e) {
      log.debug("copies at sub-host {} are dropped later: {}", hosts.name(source), e.toString());
    }
  }

  private boolean dropAtTarget(int target) {
    try {
      drop(target, atTarget);
      return true;
    } catch (RuntimeException e) {
      log.debug("copies at sub-host {} are dropped later: {}", hosts.name(target), e.toString());
      return false;
    }
  }

  private void drop(int host, PageBatch pages) {
    if (pages.size() > 0) {
      hosts.drop(host, pages);
    }
  }
}
