package org.smemv.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smemv.placement.PlacementPlan.Choice;
import org.smemv.placement.PlacementPlanner.NoPlan;

/** Random small fleets, compared with all that is possible; the seed stands in each failure. */
class PlacementPropertyTest {
  private static final long MIB = 1L << 20;
  private static final int SEEDS = 4000;

  /** A fleet and a wish, with the same answers worked out by trying everything. */
  private record Case(List<FleetHost> hosts, PlacementWish wish) {
    static Case random(long seed) {
      Random random = new Random(seed);
      List<FleetHost> hosts = new ArrayList<>();
      int count = 2 + random.nextInt(7);
      for (int i = 0; i < count; i++) {
        long free = random.nextInt(40) * 16L * MIB + random.nextInt(4) * 1000;
        hosts.add(
            new FleetHost(
                "h" + i,
                1024 * MIB,
                free,
                random.nextInt(4) == 0 ? 32 * MIB : 0,
                0,
                random.nextInt(8) == 0,
                random.nextInt(8) == 0,
                random.nextInt(8) == 0 ? Set.of("db") : Set.of()));
      }
      long vm = (1 + random.nextInt(80)) * 16L * MIB;
      PlacementWish wish =
          new PlacementWish(
              "web",
              vm,
              vm / 2,
              random.nextBoolean() ? 0 : vm / (1 + random.nextInt(8)),
              "h0",
              null,
              random.nextInt(3) == 0 ? Set.of("h1") : Set.of(),
              random.nextBoolean() ? Set.of("db") : Set.of(),
              random.nextInt(6),
              List.of());
      return new Case(hosts, wish);
    }

    List<FleetHost> eligible() {
      return hosts.stream()
          .filter(
              h ->
                  !h.lost()
                      && !h.draining()
                      && !h.name().equals(wish.source())
                      && !wish.excluded().contains(h.name())
                      && Collections.disjoint(h.labels(), wish.apartFrom()))
          .toList();
    }

    /** The fewest sub-hosts with a main host; -1 when there is no way. */
    int fewest(FleetHost main) {
      long bytes = main.usableBytes();
      long headroom = ShareSizes.headroomBytes(bytes);
      if (bytes < headroom + Math.max(headroom, wish.workingSetBytes())) {
        return -1;
      }
      long needed = wish.vmBytes() - bytes + headroom;
      List<FleetHost> others = eligible().stream().filter(h -> h != main).toList();
      int best = -1;
      for (int set = 0; set < 1 << others.size(); set++) {
        long sum = 0;
        for (int i = 0; i < others.size(); i++) {
          sum += (set >> i & 1) == 1 ? others.get(i).usableBytes() : 0;
        }
        int size = Integer.bitCount(set);
        if (sum >= needed && size <= wish.subHostsMax() && (best < 0 || size < best)) {
          best = size;
        }
      }
      return best;
    }
  }

  @Test
  void aPlanIsFoundWheneverThereIsOneWithTheLargestMainHostAndTheFewestSubHosts() {
    int split = 0;
    int whole = 0;
    int none = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Case one = Case.random(seed);
      String label = "seed " + seed + ": " + one;
      try {
        PlacementPlan plan = PlacementPlanner.plan(new Fleet(one.hosts()), one.wish());
        if (plan.subs().isEmpty()) {
          whole++;
          assertWhole(label, one, plan);
        } else {
          split++;
          assertSplit(label, one, plan);
        }
      } catch (NoPlan e) {
        none++;
        assertThat(one.eligible())
            .as(label)
            .noneMatch(h -> h.usableBytes() >= one.wish().vmBytes() || one.fewest(h) >= 0);
      }
    }
    assertThat(split).isGreaterThan(SEEDS / 10);
    assertThat(whole).isGreaterThan(SEEDS / 10);
    assertThat(none).isGreaterThan(SEEDS / 10);
  }

  private static void assertWhole(String label, Case one, PlacementPlan plan) {
    long least =
        one.eligible().stream()
            .mapToLong(FleetHost::usableBytes)
            .filter(bytes -> bytes >= one.wish().vmBytes())
            .min()
            .orElseThrow();
    assertThat(named(one, plan.main().host()).usableBytes()).as(label).isEqualTo(least);
    assertThat(plan.main().grantBytes()).as(label).isEqualTo(one.wish().vmBytes());
  }

  private static void assertSplit(String label, Case one, PlacementPlan plan) {
    FleetHost main = named(one, plan.main().host());
    assertThat(one.eligible()).as(label).contains(main);
    assertThat(one.eligible())
        .as(label + ", a larger main host")
        .noneMatch(
            h ->
                h.usableBytes() >= one.wish().vmBytes()
                    || (h.usableBytes() > main.usableBytes() && one.fewest(h) >= 0));
    assertThat(plan.subs()).as(label).hasSize(one.fewest(main));
    Set<String> names = new HashSet<>(Set.of(main.name()));
    long granted = plan.main().grantBytes();
    assertThat(granted).as(label).isLessThanOrEqualTo(main.usableBytes());
    for (Choice sub : plan.subs()) {
      FleetHost host = named(one, sub.host());
      assertThat(names.add(sub.host())).as(label + ", twice").isTrue();
      assertThat(one.eligible()).as(label).contains(host);
      assertThat(sub.grantBytes()).as(label).isBetween(1L, host.usableBytes());
      assertThat(sub.grantBytes() % PageSize.BYTES).as(label).isZero();
      granted += sub.grantBytes();
    }
    long headroom = ShareSizes.headroomBytes(plan.main().grantBytes());
    assertThat(granted).as(label).isGreaterThanOrEqualTo(one.wish().vmBytes() + headroom);
  }

  private static FleetHost named(Case one, String name) {
    return one.hosts().stream().filter(h -> h.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void theOrderInWhichHostsAreListedChangesNothing() {
    for (long seed = 0; seed < 500; seed++) {
      Case one = Case.random(seed);
      List<FleetHost> shuffled = new ArrayList<>(one.hosts());
      Collections.shuffle(shuffled, new Random(seed));
      assertThat(answer(shuffled, one.wish()))
          .as("seed " + seed)
          .isEqualTo(answer(one.hosts(), one.wish()));
    }
  }

  private static String answer(List<FleetHost> hosts, PlacementWish wish) {
    try {
      return PlacementPlanner.plan(new Fleet(hosts), wish).toString();
    } catch (NoPlan e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void manyPlansOneAfterTheOtherNeverUseMoreThanAHostHas() {
    for (long seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      List<FleetHost> hosts = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        long free = random.nextInt(1024) * MIB;
        hosts.add(new FleetHost("h" + i, 1024 * MIB, free, 16 * MIB, 0, false, false, Set.of()));
      }
      Fleet fleet = new Fleet(hosts);
      Map<String, Long> used = new HashMap<>();
      int plans = 0;
      for (int vm = 0; vm < 200; vm++) {
        long bytes = (1 + random.nextInt(1500)) * MIB;
        PlacementWish wish =
            new PlacementWish(
                "vm" + vm, bytes, bytes, 0, "h0", null, Set.of(), Set.of(), 64, List.of());
        try {
          PlacementPlan plan = PlacementPlanner.plan(fleet, wish);
          used.merge(plan.main().host(), plan.main().grantBytes(), Long::sum);
          plan.subs().forEach(sub -> used.merge(sub.host(), sub.grantBytes(), Long::sum));
          fleet.take("vm" + vm, plan);
          plans++;
        } catch (NoPlan e) {
          assertThat(e.missingBytes()).as("seed " + seed).isPositive();
        }
      }
      assertThat(plans).as("seed " + seed).isGreaterThan(10);
      for (FleetHost host : hosts) {
        assertThat(used.getOrDefault(host.name(), 0L))
            .as("seed " + seed + ", " + host.name())
            .isLessThanOrEqualTo(host.usableBytes());
      }
    }
  }
}
