package org.smemv.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.smemv.placement.Fleet;
import org.smemv.placement.FleetHost;
import org.smemv.placement.PageSize;
import org.smemv.placement.PlacementPlan;
import org.smemv.placement.PlacementPlanner;
import org.smemv.placement.PlacementPlanner.NoPlan;
import org.smemv.placement.PlacementWish;

/** Measures how long the planner takes to decide, with a fleet made from a seed. One thread. */
final class PlannerBench {
  private static final long MIB = 1L << 20;
  private static final long GBIT = 125_000_000;
  private static final int LABELS = 40;

  /**
   * What is measured.
   *
   * @param hosts in the fleet
   * @param vms to be placed
   * @param seed of fleet and VMs
   * @param rounds whose median counts
   */
  record Options(int hosts, int vms, long seed, int rounds) {
    Options {
      if (hosts < 1 || hosts > 1_000_000 || vms < 1 || vms > 1_000_000) {
        throw new IllegalArgumentException("1 to 1000000 hosts and VMs are possible");
      }
      if (rounds < 1 || rounds > 1000) {
        throw new IllegalArgumentException("1 to 1000 rounds are possible");
      }
    }
  }

  private final Options options;
  private final List<FleetHost> hosts = new ArrayList<>();
  private final List<PlacementWish> wishes = new ArrayList<>();

  private PlannerBench(Options options) {
    this.options = options;
    Random random = new Random(options.seed());
    for (int i = 0; i < options.hosts(); i++) {
      hosts.add(host(random, i));
    }
    for (int i = 0; i < options.vms(); i++) {
      wishes.add(wish(random, i));
    }
  }

  /** Up to 64 GiB free of 64 to 512 GiB; some draining, some lost, most with labels. */
  private static FleetHost host(Random random, int number) {
    long capacity = (64L << random.nextInt(4)) * 1024 * MIB;
    return new FleetHost(
        "host-" + number,
        capacity,
        random.nextInt(64 * 1024) * MIB,
        512 * MIB,
        (random.nextInt(4) == 0 ? 1 : 10) * GBIT,
        random.nextInt(50) == 0,
        random.nextInt(100) == 0,
        Set.of("group-" + random.nextInt(LABELS), "rack-" + number / 40));
  }

  /**
   * Three in four fit on a host, the others must be split; one in fifty is too large for that. One
   * in ten is to leave its host fast.
   */
  private PlacementWish wish(Random random, int number) {
    long gib = random.nextInt(4) == 0 ? 65 + random.nextInt(512) : 1 + random.nextInt(60);
    gib = random.nextInt(50) == 0 ? 8192 : gib;
    long bytes = gib * 1024 * MIB;
    return new PlacementWish(
        "vm-" + number,
        bytes,
        bytes / 4 * 3 / PageSize.BYTES * PageSize.BYTES,
        Math.min(bytes / 4, 16 * 1024 * MIB),
        "host-" + random.nextInt(options.hosts()),
        null,
        Set.of("host-" + random.nextInt(options.hosts())),
        Set.of("group-" + random.nextInt(LABELS)),
        PlacementWish.SUB_HOSTS_MAX,
        List.of(),
        random.nextInt(10) == 0 ? 1 : 0);
  }

  static PlannerReport run(Options options) {
    PlannerBench bench = new PlannerBench(options);
    bench.oneByOne(); // so that the compiler has seen it
    long[] all = new long[options.rounds()];
    long[] views = new long[options.rounds()];
    long[] decisions = new long[0];
    Outcome outcome = new Outcome();
    for (int round = 0; round < options.rounds(); round++) {
      long start = System.nanoTime();
      Fleet fleet = new Fleet(bench.hosts);
      views[round] = System.nanoTime() - start;
      outcome = new Outcome();
      decisions = bench.decide(fleet, outcome);
      all[round] = bench.oneByOne();
    }
    Arrays.sort(all);
    Arrays.sort(views);
    Arrays.sort(decisions);
    return new PlannerReport(
        options.hosts(),
        options.vms(),
        options.seed(),
        outcome.whole,
        outcome.split,
        outcome.none,
        millis(views[views.length / 2]),
        millis(decisions[decisions.length / 2]),
        millis(decisions[(int) (decisions.length * 0.99)]),
        millis(decisions[decisions.length - 1]),
        millis(all[all.length / 2]));
  }

  private static final class Outcome {
    int whole;
    int split;
    int none;
  }

  /** Nanoseconds of each decision, each on the same view. */
  private long[] decide(Fleet fleet, Outcome outcome) {
    long[] nanos = new long[wishes.size()];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      PlacementPlan plan = plan(fleet, wishes.get(i));
      nanos[i] = System.nanoTime() - start;
      if (plan == null) {
        outcome.none++;
      } else if (plan.subs().isEmpty()) {
        outcome.whole++;
      } else {
        outcome.split++;
      }
    }
    return nanos;
  }

  /** Makes the view and places all VMs, each beside those before it; nanoseconds. */
  private long oneByOne() {
    long start = System.nanoTime();
    Fleet fleet = new Fleet(hosts);
    for (PlacementWish wish : wishes) {
      PlacementPlan plan = plan(fleet, wish);
      if (plan != null) {
        fleet.take(wish.vm(), plan);
      }
    }
    return System.nanoTime() - start;
  }

  private static @Nullable PlacementPlan plan(Fleet fleet, PlacementWish wish) {
    try {
      return PlacementPlanner.plan(fleet, wish);
    } catch (NoPlan e) {
      return null;
    }
  }

  private static double millis(long nanos) {
    return nanos / 1e6;
  }
}
