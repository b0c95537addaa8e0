package org.smemv.lab.simulator;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.smemv.lab.simulator.GuestPager.SubHost;
import org.smemv.migration.HostException;

/** Stands for paging's PagePuller: a sub-host fetches pages from another one. */
final class PagePuller {
  private final Agent agent;
  private final UUID vm;
  private final long epoch;

  PagePuller(Agent agent, UUID vm, long epoch) {
    this.agent = agent;
    this.vm = vm;
    this.epoch = epoch;
  }

  void pull(
      String from,
      SortedMap<Integer, Long> wanted,
      SubHost asker,
      Call<TreeMap<Integer, Long>> answer)
      throws HostException {
    asker.bulk.pages().admit(epoch);
    Link connection = asker.bulk;
    Link link = new Link(agent.network(), agent, from, vm, epoch, true);
    Call<Boolean> ignored = link.open();
    Call<TreeMap<Integer, Long>> fetched =
        link.askPages(
            "gets " + wanted.keySet(),
            pages -> {
              var found = new TreeMap<>(pages.list(epoch));
              found.keySet().retainAll(wanted.keySet());
              return found;
            });
    fetched.whenDone(
        () -> {
          link.close();
          if (agent.life().isOver() || connection.isSuperseded()) {
            return; // a successor of the connection may have been let in by now
          }
          try {
            answer.done(store(connection.pages(), wanted, fetched));
          } catch (HostException e) {
            answer.fail(e);
          }
        });
  }

  private TreeMap<Integer, Long> store(
      PageHolder store, SortedMap<Integer, Long> wanted, Call<TreeMap<Integer, Long>> fetched)
      throws HostException {
    if (fetched.failure() != null) {
      throw fetched.failure();
    }
    TreeMap<Integer, Long> held = new TreeMap<>();
    for (Map.Entry<Integer, Long> page : fetched.value().entrySet()) {
      if (page.getValue().equals(wanted.get(page.getKey()))) {
        if (store.get(epoch, page.getKey()) == null) { // one that is there already stays as it is
          store.put(epoch, page.getKey(), page.getValue());
        }
        held.put(page.getKey(), store.get(epoch, page.getKey()));
      }
    }
    return held;
  }
}
