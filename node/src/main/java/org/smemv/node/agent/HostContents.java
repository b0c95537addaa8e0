package org.smemv.node.agent;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.DrainReport.Kind;
import org.smemv.placement.MemoryLedger;

/**
 * All that must have gone from a host before it can be switched off. Any thread.
 *
 * @param host its name
 */
record HostContents(
    String host, MemoryLedger ledger, HostedVms vms, HeldShares shares, LeftVms left) {
  List<DrainThing> things() {
    long granted = ledger.grantedBytes(); // before the others are looked at, which it may become
    List<DrainThing> things = new ArrayList<>();
    for (HostedVms.Entry entry : vms.all()) {
      VmRecord record = entry.vm().record();
      things.add(
          new DrainThing(
              Kind.VM,
              record.id().toString(),
              record.name(),
              host,
              entry.reports().residentBytes(),
              waits(entry.vm(), record)));
    }
    for (UnheldVm vm : vms.unheld()) {
      String why = "host " + host + " " + vm.description();
      things.add(new DrainThing(Kind.VM, vm.name(), vm.name(), host, 0, why));
    }
    things.addAll(shares.things());
    things.addAll(left.things());
    if (things.isEmpty() && granted > 0) {
      things.add(reservation(granted));
    }
    return things;
  }

  private DrainThing reservation(long bytes) {
    return new DrainThing(
        Kind.RESERVATION,
        host,
        "memory of " + host,
        host,
        bytes,
        "it is granted to a VM that is arriving or leaving: that comes, goes, or the grant lapses");
  }

  private static @Nullable String waits(HostedVm vm, VmRecord record) {
    if (!vm.body().process().isAlive()) {
      return "its QEMU has ended: 'smemv vm stop " + record.name() + "' frees its memory";
    }
    if (record.phase() == Phase.INCOMING) {
      return "it is arriving from " + record.cameFrom();
    }
    return record.phase() == Phase.LEAVING
        ? "it is not known whether " + record.leavingTo() + " took it; asking"
        : null;
  }
}
