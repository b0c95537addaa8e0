package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.migration.Migration;
import org.smemv.migration.MigrationPlan;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.Json;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanReport;
import org.smemv.placement.MemoryLedger;

/** Migrations of VMs away from this host: makes the plan, asks every target, and runs them. */
final class Departures {
  private static final class SystemClock implements Migration.Clock {
    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public void sleep(long millis) throws InterruptedException {
      Thread.sleep(millis);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(Departures.class);
  private static final int REMEMBERED = 100;

  private final String host;
  private final MemoryLedger ledger;
  private final Function<String, InetSocketAddress> addressOf;
  private final LeftVms left;
  private final Consumer<HostedVm> gone;
  private final Map<String, MigrationJob> jobs = new LinkedHashMap<>();

  /** Of jobs that are not remembered any more, so that sums never fall. */
  private MigrationSums forgotten = MigrationSums.NONE;

  /**
   * @param addressOf finds the data port of a host, or fails naming it
   * @param left keeps what VMs leave here
   * @param gone ends what is left here of a VM that has left
   */
  Departures(
      String host,
      MemoryLedger ledger,
      Function<String, InetSocketAddress> addressOf,
      LeftVms left,
      Consumer<HostedVm> gone) {
    this.host = host;
    this.ledger = ledger;
    this.addressOf = addressOf;
    this.left = left;
    this.gone = gone;
  }

  /** Where a VM is that was leaving when an agent died. */
  enum Whereabouts {
    /** It never left, and never will. */
    HERE,
    GONE,
    /** Its new main host cannot be asked now. */
    UNKNOWN
  }

  /** A plan with the hosts that it names. */
  private record Prepared(MigrationPlan plan, Map<String, RemoteHost> hosts, PlanReport report)
      implements AutoCloseable {
    boolean lacksRoom() {
      return hosts.values().stream().anyMatch(RemoteHost::lacksRoom);
    }

    @Override
    public void close() {
      hosts.values().forEach(RemoteHost::close);
    }
  }

  PlanReport plan(HostedVm vm, MigrateVm request) throws OperationException {
    try (Prepared prepared = prepare(vm, request)) {
      return prepared.report();
    }
  }

  MigrationJob start(HostedVm vm, MigrateVm request) throws OperationException {
    String busy =
        vm.occupy(
            staysHere(request)
                ? "having its memory rearranged"
                : "being migrated to " + request.mainHost());
    if (busy != null) {
      throw new OperationException(
          ErrorCode.BUSY, "VM " + vm.record().name() + " is " + busy + " already");
    }
    try {
      Prepared prepared = prepare(vm, request);
      try {
        // An epoch is used once, so that nothing of an attempt that failed can pass for this one.
        vm.raiseEpoch(prepared.plan().epoch());
        return run(vm, prepared);
      } catch (IOException | RuntimeException e) {
        prepared.close();
        throw e;
      }
    } catch (IOException e) {
      vm.vacate();
      throw new OperationException(ErrorCode.FAILED, String.valueOf(e.getMessage()), e);
    } catch (OperationException | RuntimeException e) {
      vm.vacate();
      throw e;
    }
  }

  private MigrationJob run(HostedVm vm, Prepared prepared) {
    MigrationPlan plan = prepared.plan();
    AtomicBoolean free = new AtomicBoolean();
    Runnable vacate =
        () -> {
          if (free.compareAndSet(false, true)) {
            vm.mayBeSplitWith(Set.of()); // first: from then on it is the next operation's
            vm.vacate();
          }
        };
    Rearrangement rearrangement = new Rearrangement(vm, host, ledger, addressOf, vacate);
    LocalBody body = new LocalBody(vm, plan, addressOf, left, () -> gone.accept(vm), rearrangement);
    Map<String, HostControl> subs = new LinkedHashMap<>(prepared.hosts());
    HostControl main = subs.get(plan.main());
    String description = plan.movesBody() ? Json.write(vm.body().spec().orElseThrow()) : "";
    Migration migration = new Migration(plan, main, subs, body, description, new SystemClock());
    MigrationJob job =
        new MigrationJob(
            UUID.randomUUID().toString(),
            host,
            migration,
            () -> prepared.lacksRoom() || rearrangement.lacksRoom());
    remember(job);
    vm.mayBeSplitWith(plan.movesBody() ? Set.of() : subs.keySet());
    Thread runner =
        Thread.ofPlatform()
            .daemon()
            .name("migration-" + plan.name())
            .start(
                () -> {
                  try (prepared) {
                    migration.run();
                    stay(vm, migration);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  } finally {
                    vacate.run();
                  }
                });
    job.watch(runner);
    return job;
  }

  /** The sub-hosts were told that the VM may move: they need not ask its target any more. */
  private void stay(HostedVm vm, Migration migration) {
    if (migration.state() == MigrationState.ABORTED) {
      ShareAdoption.begin(vm, vm.record().epoch(), host, addressOf);
    }
  }

  private synchronized void remember(MigrationJob job) {
    while (jobs.size() >= REMEMBERED) {
      String oldest = jobs.keySet().iterator().next();
      forgotten = forgotten.plus(java.util.Objects.requireNonNull(jobs.remove(oldest)));
    }
    jobs.put(job.id(), job);
  }

  synchronized @Nullable MigrationJob running(String vm) {
    // The newest: one that only waits for pages to move leaves the VM free for the next.
    return all().stream()
        .filter(job -> job.vm().equals(vm) && !job.isOver())
        .findFirst()
        .orElse(null);
  }

  synchronized @Nullable MigrationJob get(String id) {
    return jobs.get(id);
  }

  /** Of all since this agent's start. */
  synchronized MigrationSums sums() {
    MigrationSums sums = forgotten;
    for (MigrationJob job : jobs.values()) {
      sums = sums.plus(job);
    }
    return sums;
  }

  /** The newest first. */
  synchronized List<MigrationJob> all() {
    return new ArrayList<>(jobs.values()).reversed();
  }

  private boolean staysHere(MigrateVm request) {
    return request.mainHost().equals(host);
  }

  private Prepared prepare(HostedVm vm, MigrateVm request) throws OperationException {
    checkSettled(vm);
    if (staysHere(request)) {
      return prepareHere(vm, request);
    }
    checkMovable(vm);
    Map<String, RemoteHost> hosts = new LinkedHashMap<>();
    try {
      connect(request.mainHost(), hosts);
      for (String sub : DeparturePlan.subHosts(vm.record(), request)) {
        connect(sub, hosts);
      }
      Map<String, HostReport> reports = describe(hosts);
      DeparturePlan departure = new DeparturePlan(host, vm.record(), request, reports);
      MigrationPlan plan = departure.make();
      return new Prepared(plan, hosts, departure.report(plan));
    } catch (OperationException | RuntimeException e) {
      hosts.values().forEach(RemoteHost::close);
      throw e;
    }
  }

  /** Only the pages change their places: a sub-host that is away need not be asked. */
  private Prepared prepareHere(HostedVm vm, MigrateVm request) throws OperationException {
    Map<String, RemoteHost> hosts = new LinkedHashMap<>();
    try {
      for (String sub : DeparturePlan.subHosts(vm.record(), request)) {
        connect(sub, hosts);
      }
      Map<String, HostReport> reports = new LinkedHashMap<>();
      for (RemoteHost sub : hosts.values()) {
        boolean present = vm.record().isSplitWith(sub.name());
        HostReport report = present ? describeIfThere(sub) : describe(sub);
        if (report != null) {
          reports.put(sub.name(), report);
        }
      }
      long free = ledger.freeBytes() + ledger.granted(LocalVms.key(vm.record()));
      RearrangementPlan change = new RearrangementPlan(host, vm.record(), request, reports, free);
      MigrationPlan plan = change.make();
      return new Prepared(plan, hosts, change.report(plan));
    } catch (OperationException | RuntimeException e) {
      hosts.values().forEach(RemoteHost::close);
      throw e;
    }
  }

  private static @Nullable HostReport describeIfThere(RemoteHost sub) {
    try {
      return sub.describe();
    } catch (HostException e) {
      log.info("{}", e.getMessage());
      return null;
    }
  }

  private void checkSettled(HostedVm vm) throws OperationException {
    String name = vm.record().name();
    if (!vm.record().isHere()) {
      throw new OperationException(
          ErrorCode.BUSY, "VM " + name + " is not settled on " + host + " yet: try again");
    }
    if (vm.record().shares().stream().anyMatch(Share::leaving)) {
      throw new OperationException(
          ErrorCode.BUSY,
          "VM " + name + " still has pages on sub-hosts that it is leaving: try again later");
    }
    // One that is still being brought back from a move would be brought back from this one.
    if (vm.broken() != null || (!vm.record().shares().isEmpty() && vm.pager() == null)) {
      throw new OperationException(
          ErrorCode.STALLED, "VM " + name + " is not served by " + host + " now: " + vm.broken());
    }
  }

  private static void checkMovable(HostedVm vm) throws OperationException {
    if (vm.body().spec().isEmpty()) {
      throw new OperationException(
          ErrorCode.UNSUITABLE,
          "VM "
              + vm.record().name()
              + " was not started by smemv, so another host cannot start an equal QEMU:"
              + " start it with 'smemv vm start' to be able to move it");
    }
  }

  private void connect(String name, Map<String, RemoteHost> hosts) throws OperationException {
    if (name.equals(host)) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST, host + " is where the VM runs: choose other hosts as targets");
    }
    try {
      if (!hosts.containsKey(name)) { // a sub-host may become the main host
        hosts.put(name, new RemoteHost(name, addressOf.apply(name), host));
      }
    } catch (IllegalArgumentException e) {
      throw new OperationException(ErrorCode.NOT_FOUND, String.valueOf(e.getMessage()), e);
    }
  }

  private static Map<String, HostReport> describe(Map<String, RemoteHost> hosts)
      throws OperationException {
    Map<String, HostReport> reports = new LinkedHashMap<>();
    for (RemoteHost target : hosts.values()) {
      reports.put(target.name(), describe(target));
    }
    return reports;
  }

  private static HostReport describe(RemoteHost target) throws OperationException {
    try {
      return target.describe();
    } catch (HostException e) {
      throw new OperationException(ErrorCode.UNREACHABLE_HOST, String.valueOf(e.getMessage()), e);
    }
  }

  /** Nobody else will tell the new main host to; one that refuses has the VM all the same. */
  private static void letRun(RemoteHost main, HostedVm vm) throws HostException {
    try {
      main.resume(vm.id(), vm.record().leavingEpoch());
    } catch (HostException e) {
      if (e.kind() == HostException.Kind.UNREACHABLE) {
        throw e;
      }
      log.warn("VM {}: {}", vm.record().name(), e.getMessage());
    }
  }

  /** After a restart: asks where a VM is that was leaving, and ends it here if it has left. */
  Whereabouts whereabouts(HostedVm vm) {
    String to = java.util.Objects.requireNonNull(vm.record().leavingTo());
    try (RemoteHost main = new RemoteHost(to, addressOf.apply(to), host)) {
      if (!main.decided(vm.id(), vm.record().leavingEpoch())) {
        return Whereabouts.HERE;
      }
      letRun(main, vm);
      gone.accept(vm);
      return Whereabouts.GONE;
    } catch (HostException | IllegalArgumentException e) {
      return Whereabouts.UNKNOWN;
    }
  }
}
