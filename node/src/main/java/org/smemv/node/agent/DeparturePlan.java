package org.smemv.node.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.smemv.migration.HostControl;
import org.smemv.migration.MigrationPlan;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.OnTimeout;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrateVm;
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
 * @param record the VM, which is wholly here
 * @param reports of all targets, by name
 */
record DeparturePlan(
    String source, VmRecord record, MigrateVm request, Map<String, HostReport> reports) {

  MigrationPlan make() throws OperationException {
    long vmBytes = record.memoryBytes();
    long asked = request.mainMemoryBytes();
    if (asked > vmBytes) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST,
          "main memory of %d MiB is more than the %d MiB of VM %s"
              .formatted(asked >> 20, vmBytes >> 20, record.name()));
    }
    long mainBytes = asked == 0 ? vmBytes : asked;
    checkNoneIsDraining();
    checkSubsAreNeeded(mainBytes);
    MigrationPlan plan;
    try {
      plan = plan(mainBytes, shares(mainBytes));
    } catch (ShareSizes.DoesNotFit e) {
      throw new OperationException(
          ErrorCode.CAPACITY, "VM " + record.name() + ": " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()), e);
    }
    checkCapacity(plan);
    return plan;
  }

  private void checkNoneIsDraining() throws OperationException {
    for (HostReport report : reports.values()) {
      if (report.draining()) {
        throw new OperationException(ErrorCode.UNSUITABLE, Draining.refusal(report.name()));
      }
    }
  }

  static List<SubShare> subs(MigrateVm request) {
    List<SubShare> subs = request.subs();
    return subs == null ? List.of() : subs;
  }

  /** Whoever names sub-hosts wants them used; without a smaller main memory none would be. */
  private void checkSubsAreNeeded(long mainBytes) throws OperationException {
    List<String> names = subs(request).stream().map(SubShare::host).toList();
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

  private List<HostControl.Share> shares(long mainBytes) throws ShareSizes.DoesNotFit {
    List<ShareSizes.Candidate> candidates = new ArrayList<>();
    for (SubShare sub : subs(request)) {
      candidates.add(
          new ShareSizes.Candidate(sub.host(), sub.bytes(), reportOf(sub.host()).freeBytes()));
    }
    List<HostControl.Share> shares = new ArrayList<>();
    for (ShareSizes.Share share : ShareSizes.divide(record.memoryBytes(), mainBytes, candidates)) {
      shares.add(new HostControl.Share(shares.size(), share.host(), share.bytes()));
    }
    return shares;
  }

  private MigrationPlan plan(long mainBytes, List<HostControl.Share> shares) {
    return new MigrationPlan(
        record.id(),
        record.name(),
        record.epoch() + 1,
        record.memoryBytes(),
        source,
        request.mainHost(),
        mainBytes,
        shares,
        limits());
  }

  private Limits limits() {
    return new Limits(
        request.downtimeLimitMillis(),
        request.maxBandwidth(),
        request.timeoutSeconds(),
        request.onTimeout() == TimeoutAction.FORCE ? OnTimeout.FORCE : OnTimeout.ABORT);
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
    plan.shares().forEach(s -> targets.add(target(s.host(), TargetRole.SUB, s.bytes())));
    TimeoutAction action = request.onTimeout() == null ? TimeoutAction.ABORT : request.onTimeout();
    return new PlanReport(
        plan.name(),
        source,
        plan.vmBytes(),
        plan.limits().downtimeMillis(),
        plan.limits().bytesPerSecondMax(),
        plan.limits().timeoutSeconds(),
        action,
        targets);
  }

  private PlanReport.Target target(String name, TargetRole role, long bytes) {
    return new PlanReport.Target(name, role, bytes, reportOf(name).freeBytes());
  }
}
