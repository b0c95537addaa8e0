package org.smemv.lab.simulator;

import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.agent.VmRecord.Phase;

/** Stands for node's HostedVm, VmPaging and WayBack: a VM whose body is on this host. */
final class HostedVm {
  private final Agent agent;
  private final Qemu qemu;
  private VmRecord record;
  private GuestPager pager;
  private IncomingMemory incoming;
  private String occupied;
  private boolean closed;
  private Set<String> wanted = Set.of();

  HostedVm(Agent agent, VmRecord record, Qemu qemu) {
    this.agent = agent;
    this.record = record;
    this.qemu = qemu;
  }

  VmRecord record() {
    return record;
  }

  Qemu qemu() {
    return qemu;
  }

  Memory memory() {
    return qemu.memory;
  }

  GuestPager pager() {
    return pager;
  }

  IncomingMemory incoming() {
    return incoming;
  }

  boolean isClosed() {
    return closed;
  }

  String occupied() {
    return occupied;
  }

  boolean occupy(String operation) {
    if (occupied != null) {
      return false;
    }
    occupied = operation;
    return true;
  }

  void vacate() {
    occupied = null;
  }

  /** Durable when it returns. */
  void change(UnaryOperator<VmRecord> change) throws HostException {
    if (closed) {
      throw Agent.refused("VM " + record.name() + " has ended here");
    }
    VmRecord next = change.apply(record);
    agent.write(next);
    record = next;
    if (next.isHere()) {
      endArrival();
    }
  }

  /** A part of this arriving VM stays at its source. */
  void expectRest(Share rest) throws HostException {
    if (record.phase() != Phase.INCOMING) {
      throw Agent.refused("VM " + record.name() + " is not arriving any more");
    }
    if (!record.hasShareOf(rest)) {
      change(r -> r.with(rest));
      if (pager == null) {
        pager = new GuestPager(agent, this, record, true);
        pager.expectRest(rest);
        pager.start();
      } else {
        pager.expectRest(rest);
      }
    }
  }

  /** Durable when it returns; other sub-hosts and another limit while the VM runs. */
  void rearrange(long bytes, List<Share> shares) throws HostException {
    if (!record.isHere() || qemu.state != Qemu.State.RUNNING) {
      throw Agent.refused("it is arriving, or leaving, or does not run");
    }
    if (pager == null && !record.shares().isEmpty()) {
      throw Agent.refused("its memory is not served at the moment");
    }
    VmRecord next = record.withMainMemory(bytes, shares);
    if (agent.has(Flaw.THE_PAGER_IS_TOLD_BEFORE_THE_RECORD_SAYS_SO)) {
      place(next);
      agent.soon(20 * Schedule.MILLI, () -> change(r -> r.withMainMemory(bytes, shares)));
    } else {
      change(r -> next);
      place(next);
    }
  }

  private void place(VmRecord next) {
    memory().limitBytes(next.mainMemoryBytes());
    if (pager == null) {
      startPager(next);
    } else {
      pager.rearrange(next);
    }
    keepWithinLimit();
  }

  /** A sub-host that is being asked for memory may have a share of the VM soon. */
  void mayBeSplitWith(Set<String> hosts) {
    wanted = Set.copyOf(hosts);
  }

  boolean needs(String sub) {
    return wanted.contains(sub) || record.isSplitWith(sub);
  }

  /** It has left: its memory, and a record of that, stay. */
  void leave() {
    VmRecord next = record.left();
    agent.write(next);
    record = next;
    close();
  }

  void expectPages() {
    incoming = new IncomingMemory(memory(), record.epoch());
  }

  void endArrival() {
    if (incoming != null) {
      incoming.close();
      incoming = null;
    }
  }

  void startPager() {
    if (!record.shares().isEmpty()) {
      startPager(record);
    }
  }

  private void startPager(VmRecord record) {
    pager = new GuestPager(agent, this, record, record.phase() == Phase.INCOMING);
    if (record.phase() != Phase.INCOMING) {
      pager.recover();
      if (record.phase() == Phase.TAKEN) {
        pager.suspectAll();
      }
    }
    pager.start();
  }

  void keepWithinLimit() {
    if (pager != null) {
      pager.takeOver();
    }
  }

  /** False when it cannot be let run now. */
  boolean run() {
    agent.note(record.name() + " runs");
    return qemu.cont();
  }

  void hasRun() throws HostException {
    change(r -> r.phase() == Phase.TAKEN ? r.here() : r);
  }

  /** After a migration that came to nothing: at once. */
  void comeBackSurely() {
    try {
      change(VmRecord::here);
      boolean ignored = run();
    } catch (HostException e) {
      throw new Violation("VM " + record.name() + " does not come back: " + e.getMessage());
    }
  }

  long toGather() {
    boolean arriving = record.phase() == Phase.INCOMING;
    long pages = 0;
    for (Share share : record.shares()) {
      if (share.leaving()) {
        pages += arriving ? named(share.index()) : Math.max(1, memory().used(share.index()));
      }
    }
    return pages * Memory.SCALE;
  }

  private long named(int index) {
    long pages = 0;
    for (int p = 0; p < memory().pages(); p++) {
      pages += memory().isRemoteAt(p, index) ? 1 : 0;
    }
    return pages;
  }

  void forgetSubHost(Share share) throws HostException {
    if (record.isHere()) {
      change(r -> r.without(share));
      pager.forget(share.index());
    }
  }

  String missingSubHost() {
    return pager == null ? null : pager.missingSubHost();
  }

  void mainMemory(long bytes, List<Share> shares) throws HostException {
    change(r -> r.withMainMemory(bytes, shares.stream().filter(r::hasShareOf).toList()));
    if (pager != null) {
      pager.limit(bytes, shares);
    }
  }

  void close() {
    closed = true;
    endArrival();
    if (pager != null) {
      pager.close();
      pager = null;
    }
  }
}
