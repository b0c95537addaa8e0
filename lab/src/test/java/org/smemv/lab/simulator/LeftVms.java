package org.smemv.lab.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.smemv.migration.HostException;
import org.smemv.migration.ShareBook;
import org.smemv.node.agent.VmRecord;
import org.smemv.placement.MemoryLedger;

/** Stands for node's LeftVms: memory that VMs left here when they moved on before their pages. */
final class LeftVms {
  private final Agent agent;
  private final Map<UUID, Left> all = new LinkedHashMap<>();

  private static final class Left {
    final UUID vm;
    final String mainHost;
    final long epoch;
    final LeftMemory memory;
    boolean hasLeft;
    boolean released;
    long touchedNanos;

    Left(UUID vm, String mainHost, long epoch, LeftMemory memory, long now) {
      this.vm = vm;
      this.mainHost = mainHost;
      this.epoch = epoch;
      this.memory = memory;
      this.touchedNanos = now;
    }
  }

  LeftVms(Agent agent) {
    this.agent = agent;
  }

  private long now() {
    return agent.schedule().nanos();
  }

  void offer(HostedVm vm, String mainHost, long epoch) {
    UUID id = vm.record().id();
    LeftMemory memory = new LeftMemory(vm.memory(), epoch);
    if (all.putIfAbsent(id, new Left(id, mainHost, epoch, memory, now())) != null) {
      throw agent.world().checker().broken(vm.record().name() + " is offered twice");
    }
  }

  void serve(UUID vm, Set<Integer> pages) {
    all.get(vm).memory.serve(pages);
  }

  void withdraw(UUID vm) {
    Left left = all.remove(vm);
    if (left != null) {
      close(left);
    }
  }

  private void close(Left left) {
    agent.disconnect(left.vm);
    left.memory.close();
  }

  /** The new main host has the VM: it ends here, and what it left stays. */
  void leave(HostedVm vm) {
    agent.leave(vm.record().id());
    vm.leave();
    stay(all.get(vm.record().id()));
  }

  private void stay(Left left) {
    left.hasLeft = true;
    agent.note(agent.vmName(left.vm) + " left " + left.memory.pages() + " pages here");
    if (left.released || agent.has(Flaw.THE_REST_IS_FREED_BEFORE_IT_IS_RELEASED)) {
      end(left);
    } else {
      agent.soon(agent.schedule().between(0, Schedule.SECOND), () -> freeOthers(left));
    }
  }

  private void freeOthers(Left left) {
    left.memory.freeOthers();
    shrinkGrants();
  }

  void shrinkGrants() {
    for (Left left : all.values()) {
      if (left.hasLeft) {
        var key = Agent.mainKey(left.vm);
        long bytes = left.memory.pages() * Memory.BYTES;
        agent.ledger().reduce(key, agent.ledger().granted(key), bytes);
      }
    }
  }

  /** After a restart: all that is in the RAM file is offered again. */
  void reopen(VmRecord record) {
    LeftMemory memory = new LeftMemory(agent.machine().ram(record.id()), record.leavingEpoch());
    memory.serveAll();
    all.put(
        record.id(),
        new Left(record.id(), record.leavingTo(), record.leavingEpoch(), memory, now()));
  }

  /** After a restart: a VM that had left before. */
  void stays(VmRecord record) {
    reopen(record);
    Left left = all.get(record.id());
    try {
      if (agent.ledger().granted(Agent.mainKey(record.id())) == 0) {
        agent.ledger().grant(Agent.mainKey(record.id()), left.memory.pages() * Memory.BYTES);
      }
    } catch (MemoryLedger.NotEnough e) {
      throw new Violation("what " + record.name() + " left was granted before", e);
    }
    stay(left);
  }

  /** Null when the VM left nothing, and is not about to. */
  LeftMemory memory(UUID vm) {
    Left left = all.get(vm);
    return left == null ? null : left.memory;
  }

  boolean release(UUID vm, long epoch) {
    Left left = all.get(vm);
    if (left == null || left.epoch > epoch) {
      return false;
    }
    left.released = true;
    if (left.hasLeft) {
      end(left);
    }
    return true;
  }

  private void end(Left left) {
    all.remove(left.vm, left);
    close(left);
    agent.machine().rams.remove(left.vm);
    agent.machine().records().remove(left.vm);
    agent.ledger().release(Agent.mainKey(left.vm));
    agent.note("nothing of " + agent.vmName(left.vm) + " is here any more");
  }

  List<ShareBook.Silent> silent(Duration unheard) {
    List<ShareBook.Silent> silent = new ArrayList<>();
    for (Left left : all.values()) {
      if (agent.isConnected(left.vm)) {
        left.touchedNanos = now();
      } else if (left.hasLeft && now() - left.touchedNanos > unheard.toNanos()) {
        silent.add(new ShareBook.Silent(left.vm, left.epoch, List.of(left.mainHost)));
      }
    }
    return silent;
  }

  boolean freeUnlessNeeded(ShareBook.Silent silent, ShareBook.MainHosts mainHosts)
      throws HostException {
    for (String host : silent.mainHosts()) {
      if (mainHosts.needs(host, silent.vm())) {
        return false;
      }
    }
    return release(silent.vm(), silent.epoch());
  }

  /** A VM that left more here than the ledger grants it; null when there is none. */
  UUID beyondItsGrant() {
    for (Left left : all.values()) {
      long granted = agent.ledger().granted(Agent.mainKey(left.vm));
      if (left.hasLeft && left.memory.pages() * Memory.BYTES > granted) {
        return left.vm;
      }
    }
    return null;
  }
}
