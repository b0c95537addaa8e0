package org.smemv.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smemv.placement.PlacementPlan.Choice;
import org.smemv.placement.PlacementPlanner.NoPlan;

/** Sizes in MiB unless said otherwise. The VM has 1024 and leaves host "src". */
class PlacementPlannerTest {
  private static final long MIB = 1L << 20;
  private static final long GBIT = 125_000_000;

  private static FleetHost host(String name, long free) {
    return new FleetHost(name, 65536 * MIB, free * MIB, 0, GBIT, false, false, Set.of());
  }

  private static FleetHost marked(String name, long free, String mark) {
    return new FleetHost(
        name,
        65536 * MIB,
        free * MIB,
        0,
        GBIT,
        mark.equals("draining"),
        mark.equals("lost"),
        mark.startsWith("label ") ? Set.of(mark.substring(6)) : Set.of());
  }

  private static Fleet fleet(FleetHost... hosts) {
    return new Fleet(Arrays.asList(hosts));
  }

  private static PlacementWish wish(long workingSet) {
    return wish(workingSet, null, Set.of(), Set.of(), 64, List.of());
  }

  private static PlacementWish wish(
      long workingSet,
      String main,
      Set<String> excluded,
      Set<String> apart,
      int subsMax,
      List<PlacementWish.Share> shares) {
    return new PlacementWish(
        "web",
        1024 * MIB,
        800 * MIB,
        workingSet * MIB,
        "src",
        main,
        excluded,
        apart,
        subsMax,
        shares);
  }

  private static List<String> subs(PlacementPlan plan) {
    return plan.subs().stream().map(Choice::host).toList();
  }

  private static NoPlan refusal(Fleet fleet, PlacementWish wish) {
    return catchThrowableOfType(NoPlan.class, () -> PlacementPlanner.plan(fleet, wish));
  }

  @Test
  void aVmThatFitsOnOneHostIsNotSplitAndTakesTheFullestThatHoldsIt() throws Exception {
    Fleet fleet = fleet(host("h1", 1000), host("h2", 4000), host("h3", 1100), host("src", 9000));
    PlacementPlan plan = PlacementPlanner.plan(fleet, wish(0));
    assertThat(plan.main().host()).isEqualTo("h3");
    assertThat(plan.main().grantBytes()).isEqualTo(1024 * MIB);
    assertThat(plan.main().reason()).contains("1024 MiB", "not split");
    assertThat(plan.subs()).isEmpty();
  }

  @Test
  void aVmThatFitsNowhereRunsWhereMostMemoryIsAndTheRestGoesToOneThatSuffices() throws Exception {
    Fleet fleet = fleet(host("h1", 500), host("h2", 600), host("h3", 470), host("h4", 300));
    PlacementPlan plan = PlacementPlanner.plan(fleet, wish(400));
    assertThat(plan.main().host()).isEqualTo("h2");
    assertThat(plan.main().reason()).contains("600 MiB", "working set of 400 MiB");
    // 1024 - 600 + 600/16 = 461.5 MiB: h3 suffices, and h1 would too.
    assertThat(subs(plan)).containsExactly("h3");
    assertThat(plan.subs().getFirst().grantBytes()).isEqualTo(923 * MIB / 2);
    assertThat(plan.subs().getFirst().reason()).contains("462 MiB", "least to spare");
  }

  @Test
  void asFewSubHostsAsPossibleAreUsedAndOfThoseTheSmallestThatSuffice() throws Exception {
    Fleet fleet =
        fleet(host("h1", 512), host("h2", 400), host("h3", 300), host("h4", 250), host("h5", 150));
    // 512 + 32 are left: two of them are needed, 400 + 150 are the closest.
    PlacementPlan plan = PlacementPlanner.plan(fleet, wish(0));
    assertThat(plan.main().host()).isEqualTo("h1");
    assertThat(subs(plan)).containsExactlyInAnyOrder("h2", "h5");
    assertThat(plan.subs()).allMatch(sub -> sub.reason().contains("one of 2, the fewest"));
  }

  @Test
  void theReserveOfAHostIsLeftAlone() throws Exception {
    FleetHost roomy =
        new FleetHost("h1", 4096 * MIB, 1500 * MIB, 500 * MIB, 0, false, false, Set.of());
    PlacementPlan plan = PlacementPlanner.plan(fleet(roomy, host("h2", 300)), wish(0));
    assertThat(plan.main().grantBytes()).isEqualTo(1000 * MIB);
    assertThat(subs(plan)).containsExactly("h2");
  }

  @Test
  void theSourceAndHostsThatAreLostDrainingExcludedOrToBeKeptApartFromGetNothing()
      throws Exception {
    Fleet fleet =
        fleet(
            host("src", 9000),
            marked("h1", 8000, "lost"),
            marked("h2", 7000, "draining"),
            host("h3", 6000),
            marked("h4", 5000, "label db"),
            host("h5", 4000));
    PlacementWish wish = wish(0, null, Set.of("h3"), Set.of("db"), 64, List.of());
    assertThat(PlacementPlanner.plan(fleet, wish).main().host()).isEqualTo("h5");
    PlacementWish none = wish(0, null, Set.of("h3", "h5"), Set.of("db"), 64, List.of());
    assertThat(refusal(fleet, none))
        .hasMessageContainingAll(
            "1 lost", "1 draining", "2 excluded", "1 to be kept apart from db");
  }

  @Test
  void theMainHostThatWasAskedForIsTakenThoughOthersHaveMore() throws Exception {
    Fleet fleet = fleet(host("h1", 9000), host("h2", 600), host("h3", 470));
    PlacementWish wish = wish(400, "h2", Set.of(), Set.of(), 64, List.of());
    PlacementPlan plan = PlacementPlanner.plan(fleet, wish);
    assertThat(plan.main().host()).isEqualTo("h2");
    assertThat(plan.main().reason()).startsWith("asked for");
    assertThat(subs(plan)).containsExactly("h3");
  }

  @Test
  void aMainHostThatWasAskedForAndCannotBeUsedIsNamedWithTheReason() {
    Fleet fleet = fleet(marked("h1", 9000, "draining"), host("h2", 600), host("src", 2000));
    for (List<String> bad :
        List.of(
            List.of("h1", "draining"),
            List.of("h9", "no host h9"),
            List.of("src", "source"),
            List.of("h2", "excluded"))) {
      PlacementWish wish = wish(0, bad.getFirst(), Set.of("h2"), Set.of(), 64, List.of());
      assertThat(refusal(fleet, wish)).hasMessageContainingAll(bad.getFirst(), bad.getLast());
    }
  }

  @Test
  void aWorkingSetThatNoHostHoldsIsSaidWithWhatIsMissing() {
    NoPlan refused = refusal(fleet(host("h1", 320), host("h2", 300)), wish(400));
    // 400 + 320/16 - 320
    assertThat(refused.missingBytes()).isEqualTo(100 * MIB);
    assertThat(refused).hasMessageContainingAll("400 MiB", "h1, 320 MiB", "100 MiB are missing");
  }

  @Test
  void subHostsThatTakeTooLittleAreSaidWithWhatIsMissing() {
    NoPlan refused = refusal(fleet(host("h1", 512), host("h2", 300)), wish(0));
    assertThat(refused.missingBytes()).isEqualTo(244 * MIB);
    assertThat(refused).hasMessageContainingAll("h1 (512 MiB)", "544 MiB", "244 MiB are missing");
  }

  @Test
  void noMoreSubHostsThanAllowedAreUsed() {
    Fleet fleet = fleet(host("h1", 512), host("h2", 300), host("h3", 300));
    PlacementWish wish = wish(0, null, Set.of(), Set.of(), 1, List.of());
    assertThat(refusal(fleet, wish).missingBytes()).isEqualTo(244 * MIB);
    PlacementWish unsplit = wish(0, null, Set.of(), Set.of(), 0, List.of());
    assertThat(refusal(fleet, unsplit)).hasMessageContaining("but there is none");
  }

  @Test
  void sharesThatAreThereStayAndGrowBeforeANewSubHostIsAsked() throws Exception {
    List<PlacementWish.Share> shares = List.of(new PlacementWish.Share("h3", 400 * MIB, 350 * MIB));
    Fleet fleet = fleet(host("h1", 512), host("h2", 500), host("h3", 200));
    PlacementPlan plan =
        PlacementPlanner.plan(fleet, wish(0, null, Set.of(), Set.of(), 64, shares));
    assertThat(plan.main().host()).isEqualTo("h1");
    assertThat(subs(plan)).containsExactly("h3");
    assertThat(plan.subs().getFirst().keptBytes()).isEqualTo(400 * MIB);
    assertThat(plan.subs().getFirst().grantBytes()).isEqualTo(544 * MIB);
    assertThat(plan.subs().getFirst().reason()).contains("350 MiB of it already", "grows by 144");
  }

  @Test
  void sharesOfAVmThatFitsOnOneHostComeThereToo() throws Exception {
    List<PlacementWish.Share> shares = List.of(new PlacementWish.Share("h3", 400 * MIB, 350 * MIB));
    Fleet fleet = fleet(host("src", 0), host("h1", 2000), host("h3", 3000));
    PlacementPlan plan =
        PlacementPlanner.plan(fleet, wish(0, null, Set.of(), Set.of(), 64, shares));
    assertThat(plan.main().host()).isEqualTo("h1");
    assertThat(plan.leaving()).containsExactly("h3");
    assertThat(plan.transfer().bytes()).isEqualTo((800 + 350) * MIB);
  }

  @Test
  void theSlowestLinkSaysHowLongItTakes() throws Exception {
    FleetHost fast =
        new FleetHost("h1", 4096 * MIB, 2000 * MIB, 0, 10 * GBIT, false, false, Set.of());
    PlacementPlan plan = PlacementPlanner.plan(fleet(fast, host("src", 0)), wish(0));
    assertThat(plan.transfer().bytes()).isEqualTo(800 * MIB);
    assertThat(plan.transfer().millis()).isEqualTo((800 * MIB * 1000 + GBIT - 1) / GBIT);
    assertThat(plan.transfer().slowest()).isEqualTo("src");
    FleetHost unknown = new FleetHost("h1", 4096 * MIB, 2000 * MIB, 0, 0, false, false, Set.of());
    assertThat(PlacementPlanner.plan(fleet(unknown), wish(0)).transfer().millis()).isEqualTo(-1);
  }

  @Test
  void aFigureThatMakesNoSenseIsRefused() {
    assertThatThrownBy(() -> host("h1", -1)).hasMessageContaining("h1");
    assertThatThrownBy(() -> host("h1", 65537)).hasMessageContaining("free");
    assertThatThrownBy(() -> fleet(host("h1", 1), host("h1", 2))).hasMessageContaining("h1");
    assertThatThrownBy(() -> wish(1025)).hasMessageContaining("working set");
    assertThatThrownBy(() -> wish(0, null, Set.of(), Set.of(), 65, List.of()))
        .hasMessageContaining("65 sub-hosts");
  }
}
