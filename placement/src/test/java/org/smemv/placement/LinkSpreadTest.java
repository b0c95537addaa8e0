package org.smemv.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smemv.placement.PlacementPlan.Choice;
import org.smemv.placement.PlacementPlanner.NoPlan;

/** Plans for VMs that are to leave fast. Sizes in MiB, link rates in Mbit/s. */
class LinkSpreadTest {
  private static final long MIB = 1L << 20;
  private static final long GBIT = 125_000_000;
  private static final long MBIT = GBIT / 1000;
  private static final int SEEDS = 3000;

  private static FleetHost host(String name, long free, long mbits) {
    return new FleetHost(
        name, 65536 * MIB, free * MIB, 0, mbits * MBIT, false, false, Set.of(name));
  }

  private static PlacementWish wish(double part, long resident, PlacementWish.Share... shares) {
    return new PlacementWish(
        "web",
        1024 * MIB,
        resident * MIB,
        0,
        "src",
        null,
        Set.of(),
        Set.of(),
        64,
        List.of(shares),
        part);
  }

  private static PlacementPlan plan(PlacementWish wish, FleetHost... hosts) throws NoPlan {
    return PlacementPlanner.plan(new Fleet(List.of(hosts)), wish);
  }

  private static long bytes(PlacementPlan plan) {
    return plan.main().grantBytes()
        + plan.subs().stream().mapToLong(sub -> sub.grantBytes() - sub.keptBytes()).sum();
  }

  @Test
  void aVmGoesToAsManyHostsAsItsHostsLinkCanFeed() throws Exception {
    FleetHost[] hosts = {
      host("src", 0, 4000),
      host("h1", 4000, 1000),
      host("h2", 4000, 1000),
      host("h3", 4000, 1000),
      host("h4", 4000, 1000),
      host("h5", 4000, 1000)
    };
    PlacementPlan plan = plan(wish(1, 1024), hosts);
    assertThat(plan.subs()).hasSize(3);
    assertThat(plan.transfer().millis()).isCloseTo(1024 * MIB * 1000 / (4 * GBIT), within(20L));
    assertThat(plan.main().reason()).contains("4 hosts", "4000 Mbit/s", "src");
    assertThat(plan.subs().getFirst().reason()).contains("1000 Mbit/s");
    assertThat(plan(wish(0, 1024), hosts).subs()).isEmpty();
  }

  @Test
  void eachHostGetsAPartInProportionToItsLink() throws Exception {
    PlacementPlan plan =
        plan(wish(1, 1024), host("src", 0, 8000), host("h1", 4000, 5000), host("h2", 4000, 3000));
    assertThat(plan.main().host()).isEqualTo("h1");
    assertThat(plan.main().movedBytes()).isCloseTo(640 * MIB, within(2 * MIB));
    assertThat(plan.subs()).extracting(Choice::host).containsExactly("h2");
    assertThat(plan.subs().getFirst().movedBytes()).isCloseTo(384 * MIB, within(2 * MIB));
  }

  @Test
  void oneHostWithAsFastALinkTakesItAllAndOfThoseTheFullest() throws Exception {
    PlacementPlan plan =
        plan(
            wish(1, 800),
            host("src", 0, 4000),
            host("h1", 9000, 4000),
            host("h2", 2000, 10000),
            host("h3", 1500, 1000));
    assertThat(plan.main().host()).isEqualTo("h2");
    assertThat(plan.main().grantBytes()).isEqualTo(1024 * MIB);
    assertThat(plan.subs()).isEmpty();
  }

  @Test
  void aPartOfTheLinkNeedsFewerHosts() throws Exception {
    FleetHost[] hosts = {
      host("src", 0, 4000), host("h1", 4000, 1000), host("h2", 4000, 1000), host("h3", 4000, 1000)
    };
    assertThat(plan(wish(0.5, 1024), hosts).subs()).hasSize(1);
    assertThat(plan(wish(0.25, 1024), hosts).subs()).isEmpty();
  }

  @Test
  void memoryThatWasNeverUsedIsGrantedButDoesNotCountAsSent() throws Exception {
    PlacementPlan plan =
        plan(
            wish(1, 600),
            host("src", 0, 4000),
            host("h1", 4000, 1000),
            host("h2", 4000, 1000),
            host("h3", 4000, 1000),
            host("h4", 4000, 1000));
    assertThat(plan.subs()).hasSize(3);
    assertThat(plan.main().movedBytes()).isCloseTo(150 * MIB, within(MIB));
    assertThat(plan.transfer().bytes()).isCloseTo(600 * MIB, within(MIB));
    assertThat(plan.transfer().millis()).isCloseTo(600 * MIB * 1000 / (4 * GBIT), within(20L));
    assertThat(bytes(plan)).isGreaterThanOrEqualTo(1024 * MIB);
  }

  @Test
  void whatASplitVmHasElsewhereStaysThereAndIsNotGathered() throws Exception {
    PlacementWish.Share there = new PlacementWish.Share("h9", 600 * MIB, 500 * MIB);
    PlacementPlan plan =
        plan(
            wish(1, 480, there),
            host("src", 0, 4000),
            host("h1", 4000, 4000),
            host("h2", 4000, 1000),
            host("h9", 0, 1000));
    assertThat(plan.main().host()).isEqualTo("h1");
    assertThat(plan.main().grantBytes()).isLessThan(1024 * MIB);
    assertThat(plan.leaving()).isEmpty();
    assertThat(plan.subs()).extracting(Choice::host).containsExactly("h9");
    assertThat(plan.subs().getFirst().grantBytes()).isEqualTo(600 * MIB);
    assertThat(plan.transfer().bytes()).isEqualTo(480 * MIB);
  }

  @Test
  void slowLinksAndLittleMemoryMakeItLaterAndNotImpossible() throws Exception {
    PlacementPlan slow =
        plan(wish(1, 1024), host("src", 0, 40000), host("h1", 900, 1000), host("h2", 900, 3000));
    assertThat(slow.transfer().millis()).isCloseTo(1024 * MIB * 1000 / (4 * GBIT), within(40L));
    PlacementPlan tight =
        plan(wish(1, 1024), host("src", 0, 40000), host("h1", 950, 1000), host("h2", 200, 30000));
    assertThat(tight.main().host()).isEqualTo("h1");
    assertThat(bytes(tight)).isGreaterThanOrEqualTo(1024 * MIB);
    // Only the share that it has can take the rest.
    PlacementWish.Share there = new PlacementWish.Share("h9", 100 * MIB, 100 * MIB);
    PlacementPlan grown =
        plan(
            wish(1, 900, there),
            host("src", 0, 4000),
            host("h1", 600, 1000),
            host("h9", 4000, 1000));
    assertThat(grown.subs().getFirst().grantBytes()).isGreaterThan(100 * MIB);
  }

  @Test
  void withoutARateOfTheSourcesLinkFewHostsAreAsGood() throws Exception {
    PlacementPlan plan =
        plan(wish(1, 1024), host("src", 0, 0), host("h1", 4000, 1000), host("h2", 4000, 1000));
    assertThat(plan.subs()).isEmpty();
  }

  @Test
  void whatLeavesWithinASecondIsNotSplit() throws Exception {
    FleetHost[] hosts = {host("src", 0, 40000), host("h1", 4000, 9000), host("h2", 4000, 9000)};
    assertThat(plan(wish(1, 1024), hosts).subs()).isEmpty();
    FleetHost[] slower = {host("src", 0, 40000), host("h1", 4000, 8000), host("h2", 4000, 8000)};
    assertThat(plan(wish(1, 1024), slower).subs()).hasSize(1);
  }

  /** A fleet in which memory is no matter, or is one, and what is wanted of it. */
  private record Case(List<FleetHost> hosts, PlacementWish wish) {
    static Case random(long seed) {
      Random random = new Random(seed);
      boolean roomy = random.nextBoolean();
      List<FleetHost> hosts = new ArrayList<>();
      int count = 2 + random.nextInt(9);
      for (int i = 0; i < count; i++) {
        long free = roomy ? 8192 : random.nextInt(1200);
        hosts.add(host("h" + i, free, 20 + random.nextInt(i == 0 ? 800 : 200)));
      }
      long vm = (1 + random.nextInt(64)) * 16L * MIB;
      long resident = vm / (1 + random.nextInt(4)) / PageSize.BYTES * PageSize.BYTES;
      return new Case(
          hosts,
          new PlacementWish(
              "web",
              vm,
              resident,
              roomy ? 0 : resident / (1 + random.nextInt(8)),
              "h0",
              null,
              Set.of(),
              Set.of(),
              random.nextInt(6),
              List.of(),
              (1 + random.nextInt(4)) / 4.0));
    }

    /** No plan can be sooner: the links of the source, or of so many targets as are allowed. */
    double seconds() {
      double source = hosts.getFirst().linkBytesPerSecond() * wish.linkPart();
      double targets =
          hosts.stream()
              .skip(1)
              .map(FleetHost::linkBytesPerSecond)
              .sorted(Comparator.reverseOrder())
              .limit(wish.subHostsMax() + 1)
              .mapToDouble(Long::doubleValue)
              .sum();
      return Math.max(1, wish.residentBytes() / Math.min(source, targets));
    }
  }

  @Test
  void whereMemoryIsNoMatterNoPlanCouldBeFaster() throws Exception {
    int spread = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Case one = Case.random(seed);
      if (one.hosts().getFirst().freeBytes() < 8192 * MIB || one.hosts().size() < 2) {
        continue;
      }
      PlacementPlan plan = PlacementPlanner.plan(new Fleet(one.hosts()), one.wish());
      double slowest =
          slowest(one, plan.main())
              .max(plan.subs().stream().map(sub -> slowest(one, sub)).toList())
              .seconds();
      // Swapping takes a sixteenth of a main host's memory: for less than that it is not split.
      assertThat(slowest)
          .as("seed %d: %s, %s", seed, one, plan)
          .isLessThanOrEqualTo(one.seconds() * 16 / 15 + 2.0 * MIB / (20 * MBIT));
      spread += plan.subs().isEmpty() ? 0 : 1;
    }
    assertThat(spread).isGreaterThan(SEEDS / 10);
  }

  private record Seconds(double seconds) {
    Seconds max(List<Seconds> others) {
      return new Seconds(
          Math.max(seconds, others.stream().mapToDouble(Seconds::seconds).max().orElse(0)));
    }
  }

  private static Seconds slowest(Case one, Choice choice) {
    FleetHost host =
        one.hosts().stream().filter(h -> h.name().equals(choice.host())).findFirst().orElseThrow();
    return new Seconds((double) choice.movedBytes() / host.linkBytesPerSecond());
  }

  @Test
  void aPlanIsPossibleAndFoundWheneverASlowOneIs() {
    int found = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Case one = Case.random(seed);
      String label = "seed " + seed + ": " + one;
      PlacementWish w = one.wish();
      PlacementWish slow =
          new PlacementWish(
              w.vm(),
              w.vmBytes(),
              w.residentBytes(),
              w.workingSetBytes(),
              w.source(),
              null,
              Set.of(),
              Set.of(),
              w.subHostsMax(),
              List.of());
      PlacementPlan fast = planOrNull(one.hosts(), w);
      assertThat(fast != null).as(label).isEqualTo(planOrNull(one.hosts(), slow) != null);
      if (fast != null) {
        found++;
        assertGranted(label, one, fast);
      }
    }
    assertThat(found).isGreaterThan(SEEDS / 3);
  }

  private static PlacementPlan planOrNull(List<FleetHost> hosts, PlacementWish wish) {
    try {
      return PlacementPlanner.plan(new Fleet(hosts), wish);
    } catch (NoPlan e) {
      return null;
    }
  }

  /** All hosts have what they grant, and together it is enough to swap with. */
  private static void assertGranted(String label, Case one, PlacementPlan plan) {
    long main = plan.main().grantBytes();
    List<Choice> all = new ArrayList<>(plan.subs());
    all.add(plan.main());
    assertThat(plan.subs().size()).as(label).isLessThanOrEqualTo(one.wish().subHostsMax());
    assertThat(all.stream().map(Choice::host).distinct().count()).as(label).isEqualTo(all.size());
    for (Choice choice : all) {
      FleetHost host =
          one.hosts().stream()
              .filter(h -> h.name().equals(choice.host()))
              .findFirst()
              .orElseThrow();
      assertThat(host.name()).as(label).isNotEqualTo("h0");
      assertThat(choice.grantBytes()).as(label).isBetween(1L, host.usableBytes());
      assertThat(choice.grantBytes() % PageSize.BYTES).as(label).isZero();
    }
    long vm = one.wish().vmBytes();
    if (plan.subs().isEmpty()) {
      assertThat(main).as(label).isEqualTo(vm);
      return;
    }
    long headroom = ShareSizes.headroomBytes(main);
    assertThat(main)
        .as(label)
        .isGreaterThanOrEqualTo(Math.max(one.wish().workingSetBytes(), headroom) + headroom);
    assertThat(bytes(plan)).as(label).isGreaterThanOrEqualTo(vm + headroom);
  }
}
