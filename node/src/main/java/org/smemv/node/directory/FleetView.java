package org.smemv.node.directory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.DirectoryVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.api.TargetRole;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;
import org.smemv.placement.Fleet;
import org.smemv.placement.FleetHost;
import org.smemv.placement.PageSize;
import org.smemv.placement.PlacementPlan;
import org.smemv.placement.PlacementPlanner;
import org.smemv.placement.PlacementWish;

/**
 * All hosts at one moment, and what follows from them. Immutable.
 *
 * @param hosts by name
 */
record FleetView(List<Host> hosts) {
  /**
   * A host.
   *
   * @param beat what it said last
   * @param silentMillis how long ago
   */
  record Host(Heartbeat beat, boolean lost, long silentMillis) {}

  /** A VM with the host that says it has it. */
  private record Placed(Heartbeat.Vm vm, Host host) {
    DirectoryVm row() {
      return new DirectoryVm(
          vm.name(),
          vm.id().toString(),
          host.beat().name(),
          host.lost(),
          vm.state(),
          vm.reason(),
          vm.memoryBytes(),
          vm.mainMemoryBytes(),
          vm.residentBytes(),
          vm.zeroBytes(),
          vm.workingSetBytes(),
          vm.subs());
    }
  }

  /**
   * While a VM moves two hosts have it: it is at its source until the other one has taken it, and
   * then the larger epoch is right. A host that speaks is believed before one that does not.
   */
  private static final Comparator<Placed> RIGHT =
      Comparator.comparing((Placed one) -> one.vm().state() == VmState.INCOMING)
          .thenComparing(one -> one.host().lost())
          .thenComparing(one -> one.vm().epoch(), Comparator.reverseOrder());

  /** The memory of all hosts that are not lost, as that of one. */
  HostReport sum() {
    long capacity = 0;
    long free = 0;
    long reserved = 0;
    long used = 0;
    for (Host host : hosts) {
      if (!host.lost()) {
        HostReport report = host.beat().host();
        capacity += report.capacityBytes();
        free += report.freeBytes();
        reserved += report.reservedBytes();
        used += report.usedBytes();
      }
    }
    return new HostReport("all", capacity, free, reserved, used, List.of(), List.of());
  }

  List<DirectoryVm> vms() {
    return hosts.stream()
        .flatMap(host -> host.beat().vms().stream().map(vm -> new Placed(vm, host)))
        .sorted(Comparator.comparing((Placed one) -> one.vm().name()).thenComparing(RIGHT))
        .map(Placed::row)
        .toList();
  }

  private @Nullable Placed find(String name) {
    return hosts.stream()
        .flatMap(host -> host.beat().vms().stream().map(vm -> new Placed(vm, host)))
        .filter(one -> one.vm().name().equals(name))
        .min(RIGHT)
        .orElse(null);
  }

  DirectoryPlan answer(PlanQuestion question) throws OperationException {
    return switch (question) {
      case PlanQuestion.OfVm(var wish) -> plan(wish);
      case PlanQuestion.OfShare share -> planShare(share);
    };
  }

  /** To a planner it is a VM of this size, of which no host has anything yet. */
  private DirectoryPlan planShare(PlanQuestion.OfShare share) throws OperationException {
    PlacementWish wish =
        new PlacementWish(
            share.vm(),
            share.bytes(),
            share.bytes(),
            0,
            share.from(),
            null,
            Set.copyOf(share.exclude()),
            Set.of(),
            PlacementWish.SUB_HOSTS_MAX - 1,
            List.of(),
            share.linkPart());
    try {
      PlacementPlan plan = PlacementPlanner.plan(fleet(), wish);
      return report(share.vm(), share.from(), share.bytes(), plan);
    } catch (PlacementPlanner.NoPlan e) {
      throw noPlan("the part of VM " + share.vm() + " on " + share.from(), e);
    }
  }

  private static OperationException noPlan(String what, PlacementPlanner.NoPlan e) {
    return new OperationException(
        e.missingBytes() > 0 ? ErrorCode.CAPACITY : ErrorCode.UNSUITABLE,
        "no plan for " + what + ": " + e.getMessage(),
        e);
  }

  DirectoryPlan plan(PlanWish wish) throws OperationException {
    Placed placed = find(wish.vm());
    if (placed == null) {
      throw new OperationException(
          ErrorCode.NOT_FOUND, "no host that the directory knows has a VM named " + wish.vm());
    }
    String source = placed.host().beat().name();
    if (placed.host().lost()) {
      throw new OperationException(
          ErrorCode.UNREACHABLE_HOST,
          "host %s, where VM %s is, has not been heard of for %d s"
              .formatted(source, wish.vm(), placed.host().silentMillis() / 1000));
    }
    if (placed.vm().state() == VmState.INCOMING) {
      throw new OperationException(
          ErrorCode.BUSY, "VM %s is arriving at host %s: try again".formatted(wish.vm(), source));
    }
    if (!placed.vm().leaving().isEmpty()) {
      // What is there cannot stay there, and that host is no new one for it either.
      throw new OperationException(
          ErrorCode.BUSY,
          "VM %s still has pages on %s, which it is leaving: try again when they have gone"
              .formatted(wish.vm(), String.join(", ", placed.vm().leaving())));
    }
    try {
      Fleet fleet = fleet();
      PlacementPlan plan = PlacementPlanner.plan(fleet, placementWish(wish, placed));
      return report(wish.vm(), source, placed.vm().memoryBytes(), plan);
    } catch (PlacementPlanner.NoPlan e) {
      throw noPlan("VM " + wish.vm(), e);
    } catch (IllegalArgumentException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()), e);
    }
  }

  private PlacementWish placementWish(PlanWish wish, Placed placed) {
    Heartbeat.Vm vm = placed.vm();
    List<PlacementWish.Share> shares = new ArrayList<>();
    for (VmReport.Sub sub : vm.subs()) {
      shares.add(
          new PlacementWish.Share(sub.host(), granted(sub, vm.id().toString()), sub.bytes()));
    }
    return new PlacementWish(
        vm.name(),
        vm.memoryBytes(),
        vm.residentBytes(),
        wish.workingSetBytes() == 0 ? vm.workingSetBytes() : wish.workingSetBytes(),
        placed.host().beat().name(),
        wish.main(),
        Set.copyOf(wish.excluded()),
        Set.copyOf(wish.apartFrom()),
        Math.max(wish.maxSubs(), shares.size()),
        shares,
        wish.linkPart());
  }

  /** The host that grants it knows; one that is lost is believed to grant what the VM has there. */
  private long granted(VmReport.Sub sub, String id) {
    long bytes =
        hosts.stream()
            .filter(host -> host.beat().name().equals(sub.host()))
            .flatMap(host -> host.beat().host().shares().stream())
            .filter(share -> share.vmId().equals(id))
            .mapToLong(HostReport.Share::grantedBytes)
            .findFirst()
            .orElse(sub.bytes());
    return PageSize.pagesIn(bytes) * PageSize.BYTES;
  }

  private Fleet fleet() {
    Map<String, String> nameById = new HashMap<>();
    for (Host host : hosts) {
      host.beat().vms().forEach(vm -> nameById.put(vm.id().toString(), vm.name()));
    }
    List<FleetHost> fleet = new ArrayList<>(hosts.size());
    for (Host host : hosts) {
      Heartbeat beat = host.beat();
      fleet.add(
          new FleetHost(
              beat.name(),
              beat.host().capacityBytes(),
              beat.host().freeBytes(),
              beat.reserveBytes(),
              beat.linkBytesPerSecond(),
              beat.host().draining(),
              host.lost(),
              labels(beat, nameById)));
    }
    return new Fleet(fleet);
  }

  /** What a VM can be kept apart from on a host: its labels, and the VMs with anything there. */
  private static Set<String> labels(Heartbeat beat, Map<String, String> nameById) {
    Set<String> labels = new HashSet<>(beat.labels());
    beat.vms().forEach(vm -> labels.add(vm.name()));
    for (HostReport.Share share : beat.host().shares()) {
      String name = nameById.get(share.vmId());
      if (name != null) {
        labels.add(name);
      }
    }
    return labels;
  }

  private static DirectoryPlan report(
      String vm, String source, long memoryBytes, PlacementPlan plan) {
    List<DirectoryPlan.Target> targets = new ArrayList<>();
    targets.add(target(plan.main(), TargetRole.MAIN));
    plan.subs().forEach(sub -> targets.add(target(sub, TargetRole.SUB)));
    return new DirectoryPlan(
        vm,
        source,
        memoryBytes,
        targets,
        plan.leaving(),
        plan.transfer().bytes(),
        plan.transfer().millis(),
        plan.transfer().slowest());
  }

  private static DirectoryPlan.Target target(PlacementPlan.Choice choice, TargetRole role) {
    return new DirectoryPlan.Target(
        choice.host(),
        role,
        choice.grantBytes(),
        choice.movedBytes(),
        choice.freeBytes(),
        choice.reason());
  }
}
