package org.smemv.lab.simulator;

import static org.smemv.lab.simulator.Schedule.MILLI;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.smemv.lab.simulator.GuestPager.SubHost;
import org.smemv.migration.HostException;

/**
 * Stands for paging's PageEvictor, StaleCopies, LeftoverSweep and ShareDrain, one after the other
 * in one task: whatever changes what sub-hosts hold.
 */
final class PageEvictor {
  private static final int BATCH = 4;

  private final Agent agent;
  private final GuestPager pager;
  private final Memory memory;
  private final boolean gathersEarly;
  private boolean begun;
  private boolean held;
  private boolean resting;
  private boolean needed;

  /**
   * @param gathersEarly what is leaving is gathered while the VM still arrives: all of it has room
   */
  PageEvictor(Agent agent, GuestPager pager, Memory memory, boolean gathersEarly) {
    this.agent = agent;
    this.pager = pager;
    this.memory = memory;
    this.gathersEarly = gathersEarly;
  }

  void begin() {
    begun = true;
  }

  void roomNeeded() {
    needed = true;
  }

  boolean hold() {
    held = true;
    return resting;
  }

  void goOn() {
    held = false;
  }

  void run() {
    while (!pager.isClosed()) {
      boolean did = false;
      resting = held;
      if (!held) {
        try {
          did = step();
        } catch (HostException e) {
          agent.note(e.getMessage());
        }
      }
      // Whoever holds it looks often; a step in the middle of which it is held is ended first.
      resting = held;
      long idle = held || needed || isOverLimit() ? 50 * MILLI : 500 * MILLI;
      agent.schedule().current().sleep(did ? MILLI : idle);
    }
  }

  private boolean step() throws HostException {
    needed = false;
    boolean did = false;
    if (begun) {
      did = dropCopies() | sweep();
      did |= !held && isOverLimit() && evict();
    }
    for (SubHost sub : List.copyOf(pager.subs().values())) {
      if (sub.leaving && !held && (begun || (gathersEarly && !sub.rest))) {
        did |= drain(sub);
      }
    }
    return did;
  }

  private long headroom() {
    return Math.max(2, memory.limit() / 16);
  }

  private boolean isOverLimit() {
    return memory.limit() < memory.pages() && memory.resident() > memory.limit() - headroom();
  }

  private interface Order {
    void to(PageHolder store) throws HostException;
  }

  private void tell(SubHost sub, String what, Order order) throws HostException {
    boolean ignored =
        sub.bulk
            .askPages(
                what,
                pages -> {
                  order.to(pages);
                  return true;
                })
            .await();
  }

  private void drop(SubHost sub, List<Integer> pages) throws HostException {
    long epoch = pager.epoch();
    tell(
        sub,
        "drops " + pages,
        store -> {
          for (int page : pages) {
            store.drop(epoch, page);
          }
        });
  }

  private boolean dropCopies() throws HostException {
    for (SubHost sub : List.copyOf(pager.subs().values())) {
      List<Integer> pages = new ArrayList<>();
      for (int p = 0; p < memory.pages() && pages.size() < 2 * BATCH; p++) {
        if (memory.hasCopy(p) && memory.host(p) == sub.index && !memory.isEvicting(p)) {
          pages.add(p);
        }
      }
      if (!pages.isEmpty() && sub.stores()) {
        drop(sub, pages);
        for (int p : pages) {
          if (memory.hasCopy(p) && memory.host(p) == sub.index) {
            memory.copyIsGone(p);
          }
        }
        return true;
      }
    }
    return false;
  }

  private boolean sweep() throws HostException {
    for (SubHost sub : List.copyOf(pager.subs().values())) {
      if (memory.suspect.get(sub.index) && sub.stores()) {
        long epoch = pager.epoch();
        Set<Integer> found =
            sub.bulk.askPages("lists", pages -> new TreeSet<>(pages.list(epoch).keySet())).await();
        List<Integer> unplaced =
            found.stream().filter(page -> !memory.names(page, sub.index)).toList();
        if (!unplaced.isEmpty()) {
          drop(sub, unplaced);
        }
        memory.suspect.clear(sub.index);
        return true;
      }
    }
    return false;
  }

  /** The one with the largest part of its grant free; null when there is none. */
  private SubHost choose(boolean pulls) {
    SubHost best = null;
    double bestFree = 0;
    for (SubHost sub : pager.subs().values()) {
      double free = (double) (sub.grant - memory.used(sub.index)) / Math.max(1, sub.grant);
      boolean usable = !sub.leaving && sub.stores() && !(pulls && memory.suspect.get(sub.index));
      if (usable && free > bestFree) {
        best = sub;
        bestFree = free;
      }
    }
    return best;
  }

  private List<Integer> coldPages(long most) {
    List<Integer> pages = new ArrayList<>();
    int first = agent.schedule().random().nextInt(memory.pages());
    for (int i = 0; i < memory.pages() && pages.size() < most; i++) {
      int p = (first + i) % memory.pages();
      if (memory.isPresent(p) && !memory.hasCopy(p) && !memory.isEvicting(p)) {
        pages.add(p);
      }
    }
    return pages;
  }

  private boolean evict() throws HostException {
    SubHost sub = choose(false);
    if (sub == null) {
      return false;
    }
    List<Integer> pages = coldPages(Math.min(BATCH, sub.grant - memory.used(sub.index)));
    TreeMap<Integer, Long> sent = new TreeMap<>();
    for (int p : pages) {
      sent.put(p, memory.ram(p));
      memory.mayHaveCopy(p, sub.index);
    }
    long epoch = pager.epoch();
    tell(
        sub,
        "stores " + sent,
        store -> {
          for (var page : sent.entrySet()) {
            store.put(epoch, page.getKey(), page.getValue());
          }
        });
    for (int p : pages) {
      if (!pager.isClosed() && memory.isPresent(p) && memory.ram(p) == sent.get(p)) {
        takeOut(p, sub.index, sent.get(p));
      } // else it is hot, and its copy is dropped in the next round
    }
    return !pages.isEmpty();
  }

  /** Entry first, then the hole, then the look at what the pipe has. */
  private void takeOut(int page, int index, long sent) {
    Task task = agent.schedule().current();
    memory.entryRemote(page, index, sent);
    memory.evicting(page, true);
    task.sleep(agent.schedule().between(1, MILLI)); // the guest may write now
    if (pager.isClosed()) {
      return;
    }
    memory.pipe.put(page, memory.ram(page));
    memory.punch(page);
    task.sleep(agent.schedule().between(1, MILLI));
    if (pager.isClosed()) {
      return;
    }
    long last = memory.pipe.remove(page);
    memory.evicting(page, false);
    if (last != sent && !agent.has(Flaw.A_LATE_WRITE_IS_LOST)) {
      memory.install(page, last);
    }
  }

  private boolean drain(SubHost sub) throws HostException {
    if (sub.drained) {
      return false;
    }
    List<Integer> named = new ArrayList<>();
    boolean copies = false;
    for (int p = 0; p < memory.pages(); p++) {
      if (memory.isRemoteAt(p, sub.index) && !memory.isPresent(p)) {
        named.add(p);
      }
      copies |= memory.names(p, sub.index);
    }
    if (!named.isEmpty()) {
      return gather(sub, named) || (begun && relocate(sub, named));
    }
    if (copies || !begun || pager.isReading()) {
      return false;
    }
    if (!sub.lookedThrough) {
      sub.lookedThrough = true;
      memory.suspect.set(sub.index);
      return true;
    }
    sub.drained = !memory.suspect.get(sub.index);
    return sub.drained;
  }

  private boolean gather(SubHost sub, List<Integer> named) throws HostException {
    if (!sub.isReadable()) {
      return false;
    }
    boolean whole = memory.limit() >= memory.pages();
    boolean did = false;
    for (int page : named.subList(0, Math.min(2 * BATCH, named.size()))) {
      if (!whole && memory.resident() + headroom() >= memory.limit()) {
        return did;
      }
      long expected = memory.checksum(page);
      Long got = pager.get(sub.read, page).await();
      did |= !pager.isClosed() && pager.install(page, sub.index, expected, got, 0);
      if (held) {
        return did;
      }
    }
    return did;
  }

  /** Stands for paging's LeftChecksums. */
  private void learn(SubHost from, List<Integer> pages) throws HostException {
    if (pages.stream().allMatch(page -> memory.checksum(page) != Memory.UNKNOWN)) {
      return;
    }
    long epoch = pager.epoch();
    TreeMap<Integer, Long> listed =
        from.bulk
            .<TreeMap<Integer, Long>>askPages("lists", held -> new TreeMap<>(held.list(epoch)))
            .await();
    for (int page : pages) {
      boolean unknown =
          memory.isRemoteAt(page, from.index) && memory.checksum(page) == Memory.UNKNOWN;
      if (unknown && listed.containsKey(page)) {
        memory.learn(page, listed.get(page));
      }
    }
  }

  private boolean relocate(SubHost from, List<Integer> named) throws HostException {
    SubHost to = choose(true);
    if (to == null || !from.stores()) {
      return false;
    }
    long room = to.grant - memory.used(to.index);
    List<Integer> pages = named.subList(0, (int) Math.min(room, Math.min(2 * BATCH, named.size())));
    learn(from, pages);
    TreeMap<Integer, Long> wanted = new TreeMap<>();
    for (int page : pages) {
      if (memory.isRemoteAt(page, from.index) && memory.checksum(page) != Memory.UNKNOWN) {
        wanted.put(page, memory.checksum(page));
      }
    }
    if (wanted.isEmpty() || pager.isClosed()) {
      return false;
    }
    memory.suspect.set(to.index); // until the end of the pull is known
    UUID id = to.bulk.vm();
    TreeMap<Integer, Long> pulled =
        to.bulk
            .<TreeMap<Integer, Long>>send(
                "pulls " + wanted.keySet() + " from " + from.name,
                (holder, answer) ->
                    new PagePuller(holder, id, pager.epoch()).pull(from.name, wanted, to, answer))
            .await();
    if (pager.isClosed()) {
      return false;
    }
    List<Integer> moved = new ArrayList<>();
    for (int page : wanted.keySet()) {
      boolean same =
          memory.isRemoteAt(page, from.index)
              && !memory.isPresent(page)
              && !memory.isEvicting(page)
              && memory.checksum(page) == wanted.get(page);
      if (same && wanted.get(page).equals(pulled.get(page))) {
        memory.entryRemote(page, to.index, wanted.get(page));
        moved.add(page);
      }
    }
    // What did not move was left there for nothing: the mark has it looked for.
    if (moved.size() == wanted.size()) {
      memory.suspect.clear(to.index);
    }
    drop(from, moved);
    return !moved.isEmpty();
  }
}
