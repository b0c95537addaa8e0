package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.HostException;
import org.smemv.node.api.HostReport;
import org.smemv.paging.BodySink;
import org.smemv.paging.HolderDirectory;
import org.smemv.paging.PageHolder;
import org.smemv.paging.PageServer;
import org.smemv.paging.SlabPool;
import org.smemv.placement.Fleet;
import org.smemv.placement.FleetHost;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PlacementPlan;
import org.smemv.placement.PlacementPlanner;
import org.smemv.placement.PlacementPlanner.NoPlan;
import org.smemv.placement.PlacementWish;

/**
 * Planners that all want the same memory at once, of hosts that are asked over real connections.
 */
@Timeout(120)
class ManyPlannersTest {
  private static final long MIB = 1L << 20;
  private static final long[] CAPACITIES = {300, 200, 160, 120, 90, 70};
  private static final int PLANNERS = 16;
  private static final int TRIES = 3;

  /** A host without VMs, as its agent puts it together. */
  private static final class Host implements HolderDirectory, AutoCloseable {
    final String name;
    final MemoryLedger ledger;
    final SlabPool pool;
    final HeldShares shares;
    final Arrivals arrivals;
    final PageServer server;

    Host(String name, long capacityBytes, Path state) throws IOException {
      this.name = name;
      HostPaths paths = new HostPaths(state);
      Files.createDirectories(paths.vms());
      ledger = new MemoryLedger(capacityBytes);
      pool = new SlabPool(capacityBytes >>> 12, 16);
      shares = new HeldShares(ledger, pool);
      HostedVms vms = new HostedVms(name, paths);
      arrivals =
          new Arrivals(
              name, paths, ledger, vms, new TakenVms(paths.taken()), ManyPlannersTest::noAddress);
      server =
          PageServer.start(
              new InetSocketAddress("127.0.0.1", 0),
              new PageServer.Services(
                  this,
                  new ControlRequests(
                      arrivals,
                      shares,
                      new LeftVms(paths, ledger, vms),
                      this::report,
                      asked -> null,
                      () -> null)),
              PageServer.Options.of(name));
      shares.servedBy(server);
    }

    HostReport report() {
      return new HostReport(
          name,
          ledger.capacityBytes(),
          ledger.freeBytes(),
          ledger.grantedBytes(),
          0,
          List.of(),
          shares.report());
    }

    @Override
    public @Nullable PageHolder holder(UUID vm) {
      return shares.store(vm);
    }

    @Override
    public @Nullable BodySink bodySink(UUID vm, long epoch) {
      return null;
    }

    @Override
    public void close() {
      server.close();
      pool.close();
    }
  }

  @TempDir Path folder;
  private final Map<String, Host> hosts = new LinkedHashMap<>();
  private final AtomicInteger tooLate = new AtomicInteger();

  private static InetSocketAddress noAddress(String host) {
    throw new IllegalArgumentException("no host named " + host);
  }

  @BeforeEach
  void start() throws IOException {
    for (int i = 0; i < CAPACITIES.length; i++) {
      String name = "h" + i;
      hosts.put(name, new Host(name, CAPACITIES[i] * MIB, folder.resolve(name)));
    }
  }

  @AfterEach
  void stop() {
    hosts.values().forEach(Host::close);
  }

  /** One planner with connections of its own; its VM has 110 to 190 MiB. */
  private final class Planner implements AutoCloseable {
    final String vm;
    final UUID id = UUID.randomUUID();
    final long bytes;
    final Map<String, RemoteHost> remotes = new HashMap<>();
    long epoch;

    Planner(int number) {
      vm = "vm" + number;
      bytes = (110 + number % 5 * 20) * MIB;
      hosts.forEach(
          (name, host) ->
              remotes.put(name, new RemoteHost(name, host.server.address(), "planner" + number)));
    }

    /** What was promised, or null when there is no room for it. */
    @Nullable PlacementPlan place() throws HostException {
      for (int i = 0; i < TRIES; i++) {
        epoch++;
        PlacementPlan plan = plan();
        if (plan == null || reserved(plan)) {
          return plan;
        }
        tooLate.incrementAndGet();
        release();
      }
      return null;
    }

    private @Nullable PlacementPlan plan() throws HostException {
      List<FleetHost> fleet = new ArrayList<>();
      for (RemoteHost remote : remotes.values()) {
        HostReport report = remote.describe();
        fleet.add(
            new FleetHost(
                report.name(),
                report.capacityBytes(),
                report.freeBytes(),
                0,
                0,
                false,
                false,
                Set.of()));
      }
      try {
        return PlacementPlanner.plan(
            new Fleet(fleet),
            new PlacementWish(
                vm, bytes, bytes, 0, "source", null, Set.of(), Set.of(), 64, List.of()));
      } catch (NoPlan e) {
        return null;
      }
    }

    /** As a migration reserves; false when another planner was faster. */
    private boolean reserved(PlacementPlan plan) throws HostException {
      try {
        reserve(plan, plan.main(), Role.MAIN);
        for (PlacementPlan.Choice sub : plan.subs()) {
          reserve(plan, sub, Role.SUB);
        }
        return true;
      } catch (HostException e) {
        if (e.kind() != HostException.Kind.CAPACITY) {
          throw e;
        }
        return false;
      }
    }

    private void reserve(PlacementPlan plan, PlacementPlan.Choice choice, Role role)
        throws HostException {
      String main = plan.main().host();
      remotes
          .get(choice.host())
          .reserve(
              new Reservation(id, vm, epoch, role, choice.grantBytes(), bytes, "source", main));
    }

    void release() throws HostException {
      for (RemoteHost remote : remotes.values()) {
        remote.release(id, epoch);
        remote.turnBack(id, epoch);
      }
    }

    @Override
    public void close() {
      remotes.values().forEach(RemoteHost::close);
    }
  }

  private List<PlacementPlan> placeAll(List<Planner> planners) throws Exception {
    CyclicBarrier together = new CyclicBarrier(planners.size());
    List<Future<PlacementPlan>> running = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(planners.size())) {
      for (Planner planner : planners) {
        running.add(
            threads.submit(
                () -> {
                  together.await();
                  return planner.place();
                }));
      }
    }
    List<PlacementPlan> plans = new ArrayList<>();
    for (Future<PlacementPlan> one : running) {
      plans.add(one.get());
    }
    return plans;
  }

  private Map<String, Long> promised(List<PlacementPlan> plans) {
    Map<String, Long> promised = new HashMap<>();
    for (PlacementPlan plan : plans) {
      if (plan != null) {
        promised.merge(plan.main().host(), plan.main().grantBytes(), Long::sum);
        plan.subs().forEach(sub -> promised.merge(sub.host(), sub.grantBytes(), Long::sum));
      }
    }
    return promised;
  }

  @Test
  void twoPlannersAtOnceAreNeverPromisedTheSameMemory() throws Exception {
    List<Planner> planners = new ArrayList<>();
    for (int i = 0; i < PLANNERS; i++) {
      planners.add(new Planner(i));
    }
    try {
      for (int round = 0; round < 5; round++) {
        List<PlacementPlan> plans = placeAll(planners);
        assertThat(plans).as("round " + round).anyMatch(plan -> plan != null);
        Map<String, Long> promised = promised(plans);
        for (Host host : hosts.values()) {
          long sum = promised.getOrDefault(host.name, 0L);
          assertThat(sum).as(host.name).isLessThanOrEqualTo(host.ledger.capacityBytes());
          assertThat(host.ledger.grantedBytes()).as(host.name + ", leaked").isEqualTo(sum);
        }
        for (Planner planner : planners) {
          planner.release();
        }
        assertNothingIsGranted();
      }
    } finally {
      planners.forEach(Planner::close);
    }
    assertThat(tooLate.get()).as("planners that were overtaken").isPositive();
  }

  private void assertNothingIsGranted() {
    for (Host host : hosts.values()) {
      assertThat(host.ledger.grantedBytes()).as(host.name).isZero();
    }
  }

  @Test
  void reservationsOfAPlannerThatDiedAreFreedUnlessSomebodyIsConnectedAboutThem() throws Exception {
    PlacementPlan plan;
    UUID vm;
    try (Planner planner = new Planner(99)) {
      plan = planner.place();
      vm = planner.id;
    }
    assertThat(plan).isNotNull();
    Map<String, Long> promised = promised(List.of(plan));
    for (Host host : hosts.values()) {
      host.shares.lapse(vm::equals, Duration.ZERO);
      host.arrivals.lapse(vm::equals, Duration.ofMinutes(1));
      assertThat(host.ledger.grantedBytes()).isEqualTo(promised.getOrDefault(host.name, 0L));
    }
    for (Host host : hosts.values()) {
      host.shares.lapse(any -> false, Duration.ZERO);
      host.arrivals.lapse(any -> false, Duration.ZERO);
    }
    assertNothingIsGranted();
  }
}
