package org.smemv.node.agent;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.HostControl.Share;
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
import org.smemv.placement.PageSize;
import org.smemv.placement.ShareSizes;

/**
 * Makes the plan of a placement change of a VM that stays where it runs: which sub-hosts it gets,
 * keeps and gives up, and how much of it may be here; or says why there is none, and what to ask
 * for instead. Asks nobody itself.
 *
 * @param host this host
 * @param record the VM, which runs here
 * @param reports of the sub-hosts that can be reached, by name; new ones are all among them
 * @param mainFree what this host can give the VM, with what it has given it
 */
public record RearrangementPlan(
    String host,
    VmRecord record,
    MigrateVm request,
    Map<String, HostReport> reports,
    long mainFree) {

  /**
   * The plan.
   *
   * @throws OperationException when there is none
   */
  public MigrationPlan make() throws OperationException {
    checkRequest();
    long mainBytes = mainBytes();
    checkMain(mainBytes);
    MigrationPlan plan;
    try {
      plan = plan(mainBytes, ShareSizes.divide(record.memoryBytes(), mainBytes, sizes(mainBytes)));
    } catch (ShareSizes.DoesNotFit e) {
      throw new OperationException(
          ErrorCode.CAPACITY, "VM " + record.name() + ": " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw refused(String.valueOf(e.getMessage()));
    }
    checkAnythingChanges(plan);
    checkNoneIsDraining(plan);
    return plan;
  }

  private static OperationException refused(String why) {
    return new OperationException(ErrorCode.BAD_REQUEST, why);
  }

  /** What only a stop of the VM, or copying, could heed. */
  private void checkRequest() throws OperationException {
    TimeoutAction action = request.onTimeout();
    MigrationMode mode = request.mode();
    String unheeded = null;
    if (request.maxBandwidth() != 0) {
      unheeded = "a bandwidth limit";
    } else if (request.timeoutSeconds() != 0) {
      unheeded = "a time-out";
    } else if (action != null && action != TimeoutAction.ABORT) {
      unheeded = "on-timeout " + action.name().toLowerCase(java.util.Locale.ROOT);
    } else if (mode != null && mode != MigrationMode.PRECOPY) {
      unheeded = "mode " + mode.name().toLowerCase(java.util.Locale.ROOT);
    }
    if (unheeded != null) {
      throw refused(
          "VM %s runs on %s already and only its pages change places, while it runs: %s cannot be heeded, leave it out"
              .formatted(record.name(), host, unheeded));
    }
  }

  private long mainBytes() {
    long asked = request.mainMemoryBytes();
    return asked == 0 ? record.mainMemoryBytes() : asked;
  }

  private void checkMain(long mainBytes) throws OperationException {
    if (mainBytes > record.memoryBytes()) {
      throw refused(
          "main memory of %d MiB is more than the %d MiB of VM %s"
              .formatted(mainBytes >> 20, record.memoryBytes() >> 20, record.name()));
    }
    if (mainBytes == record.memoryBytes() && !named().isEmpty()) {
      throw refused(
          "%s would get nothing, because %s would have all %d MiB of VM %s: give it less with --main-memory, or name no sub-host"
              .formatted(
                  String.join(", ", named().stream().map(SubShare::host).toList()),
                  host,
                  record.memoryBytes() >> 20,
                  record.name()));
    }
    if (mainBytes > mainFree) {
      throw new OperationException(
          ErrorCode.CAPACITY,
          "host %s has %d MiB free or with VM %s already, %d MiB are asked of it: give it less --main-memory, or sub-hosts"
              .formatted(host, mainFree >> 20, record.name(), mainBytes >> 20));
    }
  }

  private List<SubShare> named() {
    return request.subs() == null ? List.of() : request.subs();
  }

  private @Nullable Share present(String name) {
    return record.shares().stream().filter(s -> s.host().equals(name)).findFirst().orElse(null);
  }

  /** The VM's sub-hosts from now on: those that are named, or those that it has. */
  private List<SubShare> wanted(long mainBytes) {
    return mainBytes >= record.memoryBytes()
        ? List.of()
        : DeparturePlan.subs(record, request).stream()
            .map(sub -> named().isEmpty() ? new SubShare(sub.host(), 0) : sub)
            .toList();
  }

  /** What stays on a draining host, or leaves it, asks nothing new of it. */
  private void checkNoneIsDraining(MigrationPlan plan) throws OperationException {
    Set<String> asked = new HashSet<>();
    plan.shares().forEach(share -> asked.add(share.host()));
    plan.staying().stream().filter(Staying::grows).forEach(s -> asked.add(s.share().host()));
    for (HostReport report : reports.values()) {
      if (report.draining() && asked.contains(report.name())) {
        throw new OperationException(ErrorCode.UNSUITABLE, Draining.refusal(report.name()));
      }
    }
  }

  /** New sub-hosts take what is missing; if there is none, those that stay grow. */
  private List<ShareSizes.Candidate> sizes(long mainBytes) throws OperationException {
    List<ShareSizes.Candidate> sizes = new ArrayList<>();
    long granted = 0;
    long growing = 0;
    boolean anyNew = false;
    for (SubShare sub : wanted(mainBytes)) {
      Share present = present(sub.host());
      anyNew |= present == null;
      granted += present == null ? 0 : size(sub, present);
      growing += present != null && sub.bytes() == 0 ? present.bytes() : 0;
    }
    long needed = record.memoryBytes() - mainBytes + ShareSizes.headroomBytes(mainBytes);
    double growth =
        anyNew || granted >= needed || growing == 0 ? 1 : 1 + (double) (needed - granted) / growing;
    for (SubShare sub : wanted(mainBytes)) {
      Share present = present(sub.host());
      long bytes = present == null ? sub.bytes() : size(sub, present);
      if (present != null && sub.bytes() == 0) {
        bytes =
            Math.max(bytes, PageSize.pagesIn((long) Math.ceil(bytes * growth)) << PageSize.SHIFT);
      }
      sizes.add(new ShareSizes.Candidate(sub.host(), bytes, free(sub.host(), present, bytes)));
    }
    return sizes;
  }

  /** A sub-host that is away may be asked for nothing more; its own answer counts for others. */
  private long free(String name, @Nullable Share present, long bytes) {
    HostReport report = reports.get(name);
    if (present == null) {
      return report == null ? 0 : report.freeBytes();
    }
    boolean asksNothing = bytes <= present.bytes();
    return asksNothing ? bytes : present.bytes() + (report == null ? 0 : report.freeBytes());
  }

  private long size(SubShare asked, Share present) throws OperationException {
    if (asked.bytes() != 0 && asked.bytes() < present.bytes()) {
      throw refused(
          "sub-host %s grants VM %s %d MiB already: leave its size out, or ask for more"
              .formatted(present.host(), record.name(), present.bytes() >> 20));
    }
    return Math.max(asked.bytes(), present.bytes());
  }

  private MigrationPlan plan(long mainBytes, List<ShareSizes.Share> sizes)
      throws OperationException {
    List<Share> shares = new ArrayList<>();
    List<Staying> staying = new ArrayList<>();
    List<Staying> leaving = new ArrayList<>();
    Set<Integer> taken = new HashSet<>();
    record.shares().forEach(share -> taken.add(share.index()));
    for (ShareSizes.Share size : sizes) {
      Share present = present(size.host());
      if (present == null) {
        shares.add(new Share(free(taken), size.host(), needed(size)));
      } else {
        Share now = new Share(present.index(), present.host(), size.bytes());
        staying.add(new Staying(present.index(), present.bytes(), now));
      }
    }
    Set<String> kept = new HashSet<>(sizes.stream().map(ShareSizes.Share::host).toList());
    for (Share present : record.shares()) {
      if (!kept.contains(present.host())) {
        leaving.add(new Staying(present.index(), present));
      }
    }
    return new MigrationPlan(
        record.id(),
        record.name(),
        record.epoch() + 1,
        record.memoryBytes(),
        host,
        host,
        mainBytes,
        shares,
        staying,
        leaving,
        new Limits(Mode.PRECOPY, request.downtimeLimitMillis(), 0, 0, OnTimeout.ABORT));
  }

  private long needed(ShareSizes.Share size) throws OperationException {
    if (size.bytes() == 0) {
      throw refused(
          "sub-host %s would get nothing of VM %s: give it a size, give %s less with --main-memory, or leave it out"
              .formatted(size.host(), record.name(), host));
    }
    return size.bytes();
  }

  /** The lowest number that no sub-host has, which is taken then. */
  private static int free(Set<Integer> taken) {
    int index = 0;
    while (!taken.add(index)) {
      index++;
    }
    return index;
  }

  private void checkAnythingChanges(MigrationPlan plan) throws OperationException {
    boolean grows = plan.staying().stream().anyMatch(Staying::grows);
    if (plan.shares().isEmpty()
        && plan.leaving().isEmpty()
        && !grows
        && plan.mainBytes() == record.mainMemoryBytes()) {
      throw refused(
          "VM %s runs on %s already, and its memory is placed like that: choose another main host, other sub-hosts, or another --main-memory"
              .formatted(record.name(), host));
    }
  }

  /** The plan for people. */
  PlanReport report(MigrationPlan plan) {
    List<PlanReport.Target> targets = new ArrayList<>();
    targets.add(new PlanReport.Target(host, TargetRole.MAIN, plan.mainBytes(), mainFree));
    for (Share share : plan.parts()) {
      if (!share.leaving()) {
        HostReport report = reports.get(share.host());
        long free = report == null ? 0 : report.freeBytes();
        targets.add(new PlanReport.Target(share.host(), TargetRole.SUB, share.bytes(), free));
      }
    }
    return new PlanReport(
        plan.name(),
        host,
        plan.vmBytes(),
        MigrationMode.PRECOPY,
        plan.limits().downtimeMillis(),
        0,
        0,
        TimeoutAction.ABORT,
        targets);
  }
}
