package org.smemv.lab.simulator;

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
    if (record.shares().isEmpty()) {
      return;
    }
    pager = new GuestPager(agent, this, record.phase() == Phase.INCOMING);
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

  void mainMemory(long bytes, java.util.List<Share> shares) throws HostException {
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
