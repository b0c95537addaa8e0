package org.smemv.lab.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.smemv.lab.simulator.Memory.Place;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord;

/**
 * Stands for paging's GuestPager with its fault loop and its sub-hosts: brings the pages that the
 * guest waits for. What swaps the others is a {@link PageEvictor}.
 */
final class GuestPager {
  /** A sub-host with the connections to it. */
  static final class SubHost {
    final int index;
    final String name;
    long grant;
    boolean leaving;

    /** What the source of this arriving VM keeps; there is nothing to be had of it yet. */
    boolean rest;

    boolean drained;
    boolean lookedThrough;
    Link read;
    Link bulk;

    SubHost(Share share) {
      this.index = share.index();
      this.name = share.host();
      this.grant = share.bytes() / Memory.BYTES;
      this.leaving = share.leaving();
    }

    boolean isReadable() {
      return read != null && read.isEstablished();
    }

    boolean stores() {
      return bulk != null && bulk.isEstablished();
    }
  }

  private static final long RETRY = Schedule.SECOND;

  private final Agent agent;
  private final UUID id;
  private final Memory memory;
  private final long epoch;
  private final SortedMap<Integer, SubHost> subs = new TreeMap<>();
  private final Set<Integer> fetching = new TreeSet<>();
  private final PageEvictor evictor;
  private boolean reading;
  private boolean closed;

  GuestPager(Agent agent, HostedVm vm, VmRecord record, boolean reading) {
    this.agent = agent;
    this.id = record.id();
    this.memory = vm.memory();
    this.epoch = record.epoch();
    this.reading = reading;
    record.shares().forEach(share -> subs.put(share.index(), new SubHost(share)));
    this.evictor = new PageEvictor(agent, this, memory, record.isWhole());
  }

  /** Stands for paging's Recovery: makes table and memory agree after an agent died. */
  void recover() {
    memory.pipe.forEach(
        (page, version) -> {
          if (!memory.isPresent(page)) {
            memory.install(page, version);
          }
        });
    memory.pipe.clear();
    for (int p = 0; p < memory.pages(); p++) {
      memory.evicting(p, false);
      if (memory.isPresent(p) && memory.place(p) == Place.REMOTE) {
        memory.entryResident(p);
        memory.mayHaveCopy(p, memory.host(p));
      } else if (memory.isPresent(p)) {
        memory.entryResident(p);
      } else if (memory.place(p) == Place.RESIDENT) {
        memory.entryZero(p);
      }
    }
  }

  void start() {
    keepConnected();
    agent.start("paging-" + agent.vmName(id), evictor::run);
    if (!reading) {
      evictor.begin();
    }
  }

  private void keepConnected() {
    if (closed || agent.life().isOver()) {
      return;
    }
    for (SubHost sub : subs.values()) {
      if (sub.read == null || !sub.read.isOpen()) {
        sub.read = link(sub.name, true);
      }
      if (!reading && (sub.bulk == null || !sub.bulk.isOpen())) {
        sub.bulk = link(sub.name, false);
      }
    }
    agent.schedule().after(RETRY, this::keepConnected);
  }

  private Link link(String host, boolean forReading) {
    Link link = new Link(agent.network(), agent, host, id, epoch, forReading);
    Call<Boolean> opened = link.open();
    opened.whenDone(
        () -> {
          if (opened.failure() != null) {
            link.close();
          }
        });
    return link;
  }

  /** The source of this arriving VM is one more sub-host. */
  void expectRest(Share share) {
    SubHost sub = new SubHost(share);
    sub.rest = true;
    SubHost before = subs.get(share.index());
    if (before != null) {
      before.rest = true; // the pager was made for it
      return;
    }
    subs.put(share.index(), sub);
    sub.read = link(sub.name, true);
  }

  /** Other sub-hosts and another limit, while the VM runs. */
  void rearrange(VmRecord record) {
    for (Share share : record.shares()) {
      SubHost sub = subs.computeIfAbsent(share.index(), index -> new SubHost(share));
      sub.leaving = share.leaving();
      if (sub.read == null) {
        sub.read = link(sub.name, true);
        sub.bulk = link(sub.name, false);
      }
    }
    limit(record.mainMemoryBytes(), record.shares());
  }

  SortedMap<Integer, SubHost> subs() {
    return subs;
  }

  boolean isClosed() {
    return closed;
  }

  boolean isReading() {
    return reading;
  }

  long epoch() {
    return epoch;
  }

  String missingSubHost() {
    for (SubHost sub : subs.values()) {
      if (!sub.isReadable() || (!reading && !sub.stores())) {
        return sub.name;
      }
    }
    return null;
  }

  void takeOver() {
    if (reading) {
      reading = false;
      suspectAll();
      for (SubHost sub : subs.values()) {
        sub.bulk = link(sub.name, false);
      }
    }
    evictor.begin();
  }

  void suspectAll() {
    subs.keySet().forEach(memory.suspect::set);
  }

  /** The guest waits for a page. Asks again for as long as it does. */
  void fault(int page) {
    if (closed || memory.isPresent(page) || memory.isEvicting(page)) {
      return;
    }
    if (memory.resident() >= memory.limit()) {
      evictor.roomNeeded();
    } else if (memory.place(page) != Place.REMOTE) {
      memory.becomeResident(page, 0);
    } else {
      fetch(page);
    }
  }

  private void fetch(int page) {
    SubHost sub = subs.get(memory.host(page));
    if (sub == null) {
      throw new Violation(agent.vmName(id) + ": page " + page + " is at no sub-host");
    }
    if (!sub.isReadable() || !fetching.add(page)) {
      return;
    }
    long expected = memory.checksum(page);
    if (agent.has(Flaw.A_COPY_IS_DROPPED_TOO_EARLY) && sub.stores()) {
      Call<Boolean> ignored = sub.bulk.askPages("drops", pages -> drop(pages, page));
    }
    Call<Long> got = get(sub.read, page);
    got.whenDone(
        () -> {
          fetching.remove(page);
          if (got.failure() == null && !closed && !agent.life().isOver()) {
            install(page, sub.index, expected, got.value(), 0);
          }
        });
  }

  Call<Long> get(Link link, int page) {
    return link.askPages("gets " + page, pages -> pages.get(epoch, page));
  }

  private Boolean drop(PageHolder pages, int page) throws HostException {
    pages.drop(epoch, page);
    return true;
  }

  /** Installs what came if the entry still is what was seen, and there is room. */
  boolean install(int page, int from, long expected, Long version, long headroom) {
    boolean same =
        memory.isRemoteAt(page, from)
            && memory.checksum(page) == expected
            && !memory.isPresent(page)
            && !memory.isEvicting(page);
    if (!same || version == null || !memory.expects(page, version)) {
      return false;
    }
    if (memory.resident() + headroom >= memory.limit()) {
      return false;
    }
    memory.install(page, version);
    return true;
  }

  /** Nothing is moved any more from when this returns true, but for faults. */
  boolean hold() {
    return evictor.hold();
  }

  void goOn() {
    evictor.goOn();
  }

  void limit(long bytes, List<Share> shares) {
    memory.limitBytes(bytes);
    for (Share share : shares) {
      SubHost sub = subs.get(share.index());
      if (sub != null) {
        sub.grant = share.bytes() / Memory.BYTES;
      }
    }
    evictor.roomNeeded();
  }

  boolean isDrained(int index) {
    SubHost sub = subs.get(index);
    return sub != null && sub.drained;
  }

  void forget(int index) {
    SubHost gone = subs.remove(index);
    memory.suspect.clear(index);
    if (gone != null) {
      close(gone);
    }
  }

  private static void close(SubHost sub) {
    if (sub.read != null) {
      sub.read.close();
    }
    if (sub.bulk != null) {
      sub.bulk.close();
    }
  }

  void close() {
    closed = true;
    new ArrayList<>(subs.values()).forEach(GuestPager::close);
  }
}
