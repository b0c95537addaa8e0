package org.smemv.lab.simulator;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.ShareBook;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.agent.VmRecord.Phase;

/**
 * Looks after every step whether the invariants hold. It sees all hosts at once, and knows what
 * each VM wrote last, which nobody in the simulation does.
 */
final class Checker {
  private final World world;
  private final Map<UUID, Machine> owners = new TreeMap<>();
  private final Set<String> lostShares = new TreeSet<>();
  private final Set<String> lostHosts = new TreeSet<>();
  private Violation broken;

  Checker(World world) {
    this.world = world;
  }

  /** For what a migration would take for a reason to give up. */
  Violation broken(String what) {
    broken = new Violation(what);
    return broken;
  }

  void started(Machine machine, VmRecord record) {
    owners.put(record.id(), machine);
  }

  /** The host that the VM belongs to; its last one when that is lost. */
  Machine owner(UUID vm) {
    return owners.get(vm);
  }

  boolean isLost(String host) {
    return lostHosts.contains(host);
  }

  boolean anyHostIsLost() {
    return !lostHosts.isEmpty();
  }

  void lostHost(Machine machine) {
    lostHosts.add(machine.name());
  }

  void lostShare(UUID vm, Machine machine) {
    lostShares.add(vm + machine.name());
  }

  /** Whether a sub-host's pages went with its agent: there is no other copy. */
  boolean wasLost(UUID vm, String host) {
    return lostShares.contains(vm + host);
  }

  /** A record was written: epochs rise, and a VM changes hands only when its owner lets it go. */
  void written(Machine machine, VmRecord before, VmRecord record) {
    if (before != null && before.epoch() > record.epoch()) {
      throw new Violation(record.name() + ": epoch falls on " + machine.name() + ": " + record);
    }
    Machine owner = owners.get(record.id());
    if (!record.isHere() || owner == machine) {
      return;
    }
    VmRecord there = owner.records().get(record.id());
    boolean letGo =
        isLost(owner.name())
            || (there != null
                && there.phase() == Phase.LEAVING
                && machine.name().equals(there.leavingTo())
                && record.epoch() == there.leavingEpoch());
    if (!letGo || before == null || before.phase() != Phase.INCOMING) {
      throw new Violation(
          "%s is taken by %s, but belongs to %s, which has %s"
              .formatted(record.name(), machine.name(), owner.name(), there));
    }
    owners.put(record.id(), machine);
  }

  void check() {
    if (broken != null) {
      throw broken;
    }
    for (Machine machine : world.network().machines().values()) {
      if (machine.agent() != null) {
        checkMemory(machine.agent());
      }
    }
    for (Guest guest : world.guests().values()) {
      checkPlace(guest);
      Machine owner = owners.get(guest.id());
      if (!owner.isLost()) {
        checkPages(guest, owner);
      }
    }
  }

  private void checkPlace(Guest guest) {
    Machine owner = owners.get(guest.id());
    for (Machine machine : world.network().machines().values()) {
      Qemu qemu = machine.qemus.get(guest.id());
      if (qemu != null && qemu.state == Qemu.State.RUNNING && machine != owner) {
        throw new Violation(
            guest.name() + " runs on " + machine.name() + ", but belongs to " + owner.name());
      }
    }
  }

  /** Invariants 1 and 2: each page has one place, and the newest contents are there. */
  private void checkPages(Guest guest, Machine owner) {
    VmRecord record = owner.records().get(guest.id());
    Qemu qemu = owner.qemus.get(guest.id());
    if (record == null || qemu == null) {
      throw new Violation(guest.name() + " is gone from " + owner.name());
    }
    for (int p = 0; p < guest.pages(); p++) {
      long newest = guest.newest(p);
      Memory memory = qemu.memory;
      if (memory.isPresent(p)) {
        require(guest, p, newest, memory.ram(p), owner.name());
      } else if (memory.pipe.containsKey(p)) {
        require(guest, p, newest, memory.pipe.get(p), "the pipe of " + owner.name());
      } else if (memory.place(p) == Memory.Place.ZERO) {
        require(guest, p, newest, 0, "zero");
      } else if (memory.place(p) == Memory.Place.RESIDENT) {
        throw new Violation(guest.name() + ": page " + p + " is nowhere");
      } else {
        checkRemote(guest, p, record, memory);
      }
    }
  }

  private void checkRemote(Guest guest, int page, VmRecord record, Memory memory) {
    if (memory.checksum(page) != Memory.UNKNOWN) {
      require(guest, page, guest.newest(page), memory.checksum(page), "the table");
    }
    String host = null;
    for (Share share : record.shares()) {
      host = share.index() == memory.host(page) ? share.host() : host;
    }
    if (host == null) {
      throw new Violation(
          "%s: page %d is at sub-host %d, which it has not"
              .formatted(guest.name(), page, memory.host(page)));
    }
    Long held = heldAt(world.network().machine(host), guest.id(), page);
    if (held == null && (wasLost(guest.id(), host) || isLost(host))) {
      return;
    }
    require(guest, page, guest.newest(page), held == null ? -1 : held, host);
  }

  /** In the share that a host has, or in the memory that the VM left there; null when nowhere. */
  private static Long heldAt(Machine machine, UUID vm, int page) {
    Agent agent = machine.agent();
    VmRecord there = machine.records().get(vm);
    PageStore store = agent == null ? null : agent.shares().pages(vm);
    if (there == null || !there.leavesRest()) {
      return store == null ? null : store.peek(page);
    }
    if (agent == null) {
      Memory ram = machine.ram(vm);
      return ram != null && ram.isPresent(page) ? (Long) ram.ram(page) : null;
    }
    LeftMemory left = agent.left().memory(vm);
    return left == null ? null : left.peek(page);
  }

  private static void require(Guest guest, int page, long newest, long found, String where) {
    if (found != newest) {
      throw new Violation(
          "%s: page %d has write %d, at %s is %s"
              .formatted(guest.name(), page, newest, where, found < 0 ? "nothing" : found));
    }
  }

  /** Invariant 5: no host holds more than it granted, nor grants more than it has. */
  private void checkMemory(Agent agent) {
    long granted = agent.ledger().grantedBytes();
    if (granted > agent.machine().capacityBytes()) {
      throw new Violation(
          "%s granted %d bytes and has %d"
              .formatted(agent.name(), granted, agent.machine().capacityBytes()));
    }
    for (ShareBook.Row<PageStore> row : agent.shares().rows()) {
      if (row.pages().heldBytes() > row.grantedBytes()) {
        throw new Violation(agent.name() + " holds more than it granted of " + row.vm());
      }
    }
    UUID beyond = agent.left().beyondItsGrant();
    if (beyond != null) {
      throw new Violation(agent.name() + " has more left of " + beyond + " than it granted");
    }
    for (HostedVm vm : agent.vms()) {
      long main = agent.ledger().granted(Agent.mainKey(vm.record().id()));
      if (vm.memory().resident() * Memory.BYTES > main) {
        throw new Violation(
            "%s has %d bytes of %s resident and granted %d"
                .formatted(
                    agent.name(), vm.memory().resident() * Memory.BYTES, vm.record().name(), main));
      }
    }
  }
}
