package org.smemv.lab.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.Migration;
import org.smemv.migration.ShareBook;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.placement.MemoryLedger;

/** What must have come about once nothing goes wrong any more and time has passed. */
final class FinalCheck {
  private final World world;
  private final Checker checker;
  private List<String> open = new ArrayList<>();

  FinalCheck(World world) {
    this.world = world;
    this.checker = world.checker();
  }

  /** What is not as it must be in the end; it may still come about. */
  List<String> open() {
    open = new ArrayList<>();
    for (Guest guest : world.guests().values()) {
      Machine owner = checker.owner(guest.id());
      if (!owner.isLost()) {
        checkVm(guest, owner);
      }
    }
    for (Machine machine : world.network().machines().values()) {
      if (!machine.isLost()) {
        checkHost(machine);
      }
    }
    return open;
  }

  private boolean isExcused(UUID vm, String host) {
    return checker.isLost(host) || checker.wasLost(vm, host);
  }

  private void checkVm(Guest guest, Machine owner) {
    VmRecord record = owner.records().get(guest.id());
    if (record.phase() == Phase.LEAVING) {
      require(
          checker.isLost(String.valueOf(record.leavingTo())),
          guest.name() + " is leaving " + owner.name() + " and does not come to an end");
      return;
    }
    require(record.phase() == Phase.HERE, guest.name() + " is " + record.phase());
    Qemu qemu = owner.qemus.get(guest.id());
    require(qemu.state == Qemu.State.RUNNING, guest.name() + " is " + qemu.state);
    for (int cpu = 0; cpu < guest.cpus(); cpu++) {
      int page = guest.waiting(cpu);
      if (page >= 0 && !qemu.memory.isPresent(page)) {
        // Without the room that a lost sub-host gave, others may be full.
        require(
            record.shares().stream().anyMatch(s -> isExcused(guest.id(), s.host())),
            guest.name() + " waits for a page at " + hostOf(record, qemu.memory, page));
      }
    }
    for (Share share : record.shares()) {
      if (share.leaving()) {
        require(
            record.shares().stream().anyMatch(s -> isExcused(guest.id(), s.host())),
            guest.name() + " is still leaving " + share.host());
      }
    }
  }

  private static String hostOf(VmRecord record, Memory memory, int page) {
    return record.shares().stream()
        .filter(share -> share.index() == memory.host(page))
        .map(Share::host)
        .findFirst()
        .orElse("nowhere");
  }

  private void checkHost(Machine machine) {
    Agent agent = machine.agent();
    require(agent != null, "the agent of " + machine.name() + " is not back");
    if (agent == null) {
      return;
    }
    for (Migration migration : agent.departures().running()) {
      boolean waitsForALostOne =
          checker.isLost(migration.plan().main())
              || migration.plan().parts().stream()
                  .anyMatch(s -> isExcused(migration.plan().vm(), s.host()));
      require(
          waitsForALostOne,
          "%s: the migration of %s is in %s: %s"
              .formatted(
                  agent.name(), migration.plan().name(), migration.state(), migration.reason()));
    }
    for (Guest guest : world.guests().values()) {
      checkMain(agent, guest);
      checkShare(agent, guest);
    }
  }

  private void checkMain(Agent agent, Guest guest) {
    long granted = agent.ledger().granted(Agent.mainKey(guest.id()));
    VmRecord record = agent.machine().records().get(guest.id());
    boolean owner = checker.owner(guest.id()) == agent.machine();
    if (owner) {
      require(
          granted == record.mainMemoryBytes()
              || (granted > record.mainMemoryBytes() && isHeldUp(guest)),
          "%s grants %d bytes for %s, whose record says %s"
              .formatted(agent.name(), granted, guest.name(), record));
      return;
    }
    boolean stuck =
        record != null && (checker.isLost(String.valueOf(record.leavingTo())) || isHeldUp(guest));
    require(
        (granted == 0 && record == null) || stuck,
        "%s grants %d bytes for %s, which is elsewhere: %s"
            .formatted(agent.name(), granted, guest.name(), record));
  }

  /** Without the room that a lost sub-host gave, what is leaving has nowhere to go. */
  private boolean isHeldUp(Guest guest) {
    Machine owner = checker.owner(guest.id());
    VmRecord record = owner.records().get(guest.id());
    return owner.isLost()
        || record.shares().stream().anyMatch(s -> isExcused(guest.id(), s.host()));
  }

  private void checkShare(Agent agent, Guest guest) {
    MemoryLedger.Key key = new MemoryLedger.Key(guest.id(), MemoryLedger.Use.SHARE);
    long granted = agent.ledger().granted(key);
    Machine owner = checker.owner(guest.id());
    VmRecord record = owner.records().get(guest.id());
    Share share = null;
    for (Share each : record == null ? List.<Share>of() : record.shares()) {
      share = each.host().equals(agent.name()) ? each : share;
    }
    if (granted == 0) {
      VmRecord here = agent.machine().records().get(guest.id());
      boolean rest = here != null && here.leavesRest();
      require(
          share == null || rest || isExcused(guest.id(), agent.name()),
          agent.name() + " grants nothing for a share of " + guest.name());
      return;
    }
    // A host that is down for good cannot say that it needs nothing.
    boolean unknowable =
        owner.isLost() || agent.shares().mainHosts(guest.id()).stream().anyMatch(checker::isLost);
    require(
        share != null || unknowable,
        agent.name() + " grants " + granted + " bytes for " + guest.name() + ", needed by nobody");
    if (share != null && !unknowable) {
      require(
          granted == share.bytes() || isExcused(guest.id(), agent.name()),
          agent.name() + " grants another size for " + guest.name());
      checkLeftovers(agent, guest, owner.qemus.get(guest.id()).memory, share);
    }
  }

  private void checkLeftovers(Agent agent, Guest guest, Memory memory, Share share) {
    ShareBook.Row<PageStore> row =
        agent.shares().rows().stream().filter(r -> r.vm().equals(guest.id())).findFirst().get();
    for (int page : row.pages().all().keySet()) {
      require(
          memory.names(page, share.index()),
          "%s has page %d of %s, which is elsewhere".formatted(agent.name(), page, guest.name()));
    }
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      open.add(otherwise);
    }
  }
}
