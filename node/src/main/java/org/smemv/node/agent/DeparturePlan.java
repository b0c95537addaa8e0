package org.smemv.node.agent;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.HostControl;
import org.smemv.migration.MigrationPlan;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;
import org.smemv.migration.MigrationPlan.Staying;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanReport;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TargetRole;
import org.smemv.node.api.TimeoutAction;
import org.smemv.placement.ShareSizes;

/**
 * Makes the plan of a migration from what was asked for and what the targets have; or says why
 * there is none, and what to ask for instead. Asks nobody itself.
 *
 * @param source this host
 * @param record the VM, which runs here
 * @param reports of all targets, by name
 */
public record DeparturePlan(
    String source, VmRecord record, MigrateVm request, Map<String, HostReport> reports) {

  /**
   * The plan.
   *
   * @throws OperationException when there is none
   */
  public MigrationPlan make() throws OperationException {
    long vmBytes = record.memoryBytes();
    long asked = request.mainMemoryBytes();
    if (asked > vmBytes) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST,
          "main memory of %d MiB is more than the %d MiB of VM %s"
              .formatted(asked >> 20, vmBytes >> 20, record.name()));
    }
    long mainBytes = asked == 0 && record.shares().isEmpty() ? vmBytes : asked;
    if (mainBytes == 0) {
      mainBytes = record.mainMemoryBytes(); // a split VM stays as it is, elsewhere
    }
    checkStaying();
    checkNoneIsDraining();
    checkSubsAreNeeded(mainBytes);
    MigrationPlan plan;
    try {
      plan = plan(mainBytes, ShareSizes.divide(vmBytes, mainBytes, candidates()));
    } catch (ShareSizes.DoesNotFit e) {
      throw new OperationException(
          ErrorCode.CAPACITY, "VM " + record.name() + ": " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()), e);
    }
    checkCapacity(plan);
    return plan;
  }

  /** What stays on a draining host, or leaves it, asks nothing new of it. */
  private void checkNoneIsDraining() throws OperationException {
    for (HostReport report : reports.values()) {
      boolean isNew = present(report.name()) == null || report.name().equals(request.mainHost());
      if (report.draining() && isNew) {
        throw new OperationException(ErrorCode.UNSUITABLE, Draining.refusal(report.name()));
      }
    }
  }

  /**
   * The sub-hosts that the VM is to have: those that are asked for, or those that it has when none
   * are.
   */
  static List<SubShare> subs(VmRecord record, MigrateVm request) {
    List<SubShare> subs = request.subs();
    if (subs == null || subs.isEmpty()) {
      return record.shares().stream().map(s -> new SubShare(s.host(), s.bytes())).toList();
    }
    return subs;
  }

  private List<SubShare> subs() {
    return subs(record, request);
  }

  /** The share that the VM has there already; null when it has none. */
  private HostControl.@Nullable Share present(String host) {
    return record.shares().stream().filter(s -> s.host().equals(host)).findFirst().orElse(null);
  }

  /** All hosts that have a part in it: the sub-hosts that the VM has, or is to have. */
  public static Set<String> subHosts(VmRecord record, MigrateVm request) {
    Set<String> hosts = new LinkedHashSet<>();
    subs(record, request).forEach(sub -> hosts.add(sub.host()));
    record.shares().forEach(share -> hosts.add(share.host()));
    return hosts;
  }

  private boolean leaves(HostControl.Share share, long mainBytes) {
    return mainBytes >= record.memoryBytes()
        || share.host().equals(request.mainHost())
        || subs().stream().noneMatch(sub -> sub.host().equals(share.host()));
  }

  private void checkStaying() throws OperationException {
    for (SubShare sub : subs()) {
      HostControl.Share share = present(sub.host());
      if (share != null && sub.bytes() != 0 && sub.bytes() != share.bytes()) {
        throw new OperationException(
            ErrorCode.BAD_REQUEST,
            "sub-host %s grants VM %s %d MiB already: leave its size out"
                .formatted(share.host(), record.name(), share.bytes() >> 20));
      }
    }
  }

  /** Whoever names sub-hosts wants them used; without a smaller main memory none would be. */
  private void checkSubsAreNeeded(long mainBytes) throws OperationException {
    List<SubShare> asked = request.subs() == null ? List.of() : request.subs();
    List<String> names = asked.stream().map(SubShare::host).toList();
    if (!names.isEmpty() && mainBytes >= record.memoryBytes()) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST,
          ("%s would get nothing, because main host %s would have all %d MiB of VM %s:"
                  + " give it less with --main-memory, or name no sub-host")
              .formatted(
                  String.join(", ", names),
                  request.mainHost(),
                  record.memoryBytes() >> 20,
                  record.name()));
    }
  }

  private HostReport reportOf(String host) {
    return Objects.requireNonNull(reports.get(host));
  }

  private List<ShareSizes.Candidate> candidates() {
    List<ShareSizes.Candidate> candidates = new ArrayList<>();
    for (SubShare sub : subs()) {
      HostControl.Share present = present(sub.host());
      if (sub.host().equals(request.mainHost())) {
        continue; // it was a sub-host
      }
      candidates.add(
          present == null
              ? new ShareSizes.Candidate(sub.host(), sub.bytes(), reportOf(sub.host()).freeBytes())
              : new ShareSizes.Candidate(sub.host(), present.bytes(), present.bytes()));
    }
    return candidates;
  }

  /** New sub-hosts get the first numbers, so that they are numbered as the targets of pages are. */
  private MigrationPlan plan(long mainBytes, List<ShareSizes.Share> sizes) {
    List<HostControl.Share> shares = new ArrayList<>();
    for (ShareSizes.Share size : sizes) {
      if (size.bytes() == 0) {
        throw new IllegalArgumentException(
            "%s would get nothing, because the other sub-hosts grant enough: leave it out, or give it a size with --sub %s:SIZE"
                .formatted(size.host(), size.host()));
      }
      if (present(size.host()) == null) {
        shares.add(new HostControl.Share(shares.size(), size.host(), size.bytes()));
      }
    }
    List<Staying> staying = new ArrayList<>();
    List<Staying> leaving = new ArrayList<>();
    for (boolean leaves : new boolean[] {false, true}) {
      for (HostControl.Share present : record.shares()) {
        if (leaves(present, mainBytes) == leaves) {
          int index = shares.size() + staying.size() + leaving.size();
          HostControl.Share there = new HostControl.Share(index, present.host(), present.bytes());
          (leaves ? leaving : staying).add(new Staying(present.index(), there));
        }
      }
    }
    return new MigrationPlan(
        record.id(),
        record.name(),
        record.epoch() + 1,
        record.memoryBytes(),
        source,
        request.mainHost(),
        mainBytes,
        shares,
        staying,
        leaving,
        limits());
  }

  private Limits limits() {
    return new Limits(
        Mode.valueOf(mode().name()),
        request.downtimeLimitMillis(),
        request.maxBandwidth(),
        request.timeoutSeconds(),
        OnTimeout.valueOf(onTimeout().name()));
  }

  private MigrationMode mode() {
    return Objects.requireNonNull(request.mode()); // a request fills in what was left out
  }

  private TimeoutAction onTimeout() {
    return Objects.requireNonNull(request.onTimeout());
  }

  private void checkCapacity(MigrationPlan plan) throws OperationException {
    long free = reportOf(plan.main()).freeBytes();
    if (plan.mainBytes() > free) {
      throw new OperationException(
          ErrorCode.CAPACITY,
          "host %s has %d MiB free, %d MiB are asked of it as main host: give less --main-memory, or sub-hosts"
              .formatted(plan.main(), free >> 20, plan.mainBytes() >> 20));
    }
  }

  /** The plan for people. */
  PlanReport report(MigrationPlan plan) {
    List<PlanReport.Target> targets = new ArrayList<>();
    targets.add(target(plan.main(), TargetRole.MAIN, plan.mainBytes()));
    plan.parts().stream()
        .filter(share -> !share.leaving())
        .forEach(s -> targets.add(target(s.host(), TargetRole.SUB, s.bytes())));
    return new PlanReport(
        plan.name(),
        source,
        plan.vmBytes(),
        mode(),
        plan.limits().downtimeMillis(),
        plan.limits().bytesPerSecondMax(),
        plan.limits().timeoutSeconds(),
        onTimeout(),
        targets);
  }

  private PlanReport.Target target(String name, TargetRole role, long bytes) {
    return new PlanReport.Target(name, role, bytes, reportOf(name).freeBytes());
  }
}
