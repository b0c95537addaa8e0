package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;
import static org.smemv.lab.SplitLab.MIB;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;
import org.smemv.node.api.Size;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** A VM stays where it runs, under load, while its memory is spilled, moved about and gathered. */
@Timeout(300)
class RearrangeIT {
  private static final Duration MOVES = Duration.ofMinutes(1);
  private static final long CAPACITY = 384 * MIB;

  private static SplitLab lab;
  private static TestVm vm;

  @BeforeAll
  static void up() throws Exception {
    lab = SplitLab.up("160M", "256M", "256M", "256M");
    vm = lab.startSplit("vm", "h2", "h3"); // it is larger than h1
    VmReport split = lab.host("h1").vm("vm");
    assertThat(split.memoryBytes()).isEqualTo(SplitLab.VM_BYTES);
    assertThat(split.subs()).extracting(VmReport.Sub::host).containsExactly("h2", "h3");
    assertThat(split.faults().remote()).isPositive();
    TestVm.assertAddsUp(split);
    lab.restartAgent("h1", "384M");
    lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);
    rearranged(SplitLab.VM_BYTES);
  }

  @AfterAll
  static void down() {
    if (lab == null) {
      return;
    }
    try {
      vm.assertNothingIsWrong();
    } finally {
      lab.close();
    }
  }

  @AfterEach
  void gather() throws Exception {
    lab.spareAgents();
    if (lab.host("h1").vm("vm").mainMemoryBytes() < SplitLab.VM_BYTES) {
      rearranged(SplitLab.VM_BYTES);
    }
    List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
  }

  @Test
  void aVmIsSpilledItsSharesMoveAndItIsGatheredAgainWithoutAStop() throws Exception {
    rearranged(SplitLab.MAIN_BYTES, "h2");
    assertPlaced(SplitLab.MAIN_BYTES, "h2");
    lab.awaitVm("h1", "vm", r -> r.faults().remote() > 100);

    rearranged(0, "h3");
    assertPlaced(SplitLab.MAIN_BYTES, "h3");
    lab.awaitAllFree("h2");

    rearranged(0, "h3", "h2:64M");
    rearranged(SplitLab.MAIN_BYTES * 2 / 3); // more must leave than both grant: they grow
    assertPlaced(SplitLab.MAIN_BYTES * 2 / 3, "h2", "h3");

    rearranged(SplitLab.VM_BYTES);
    assertPlaced(SplitLab.VM_BYTES);
    List.of("h2", "h3").forEach(lab::awaitAllFree);

    rearranged(SplitLab.MAIN_BYTES, "h4"); // the pager of before goes on
    assertPlaced(SplitLab.MAIN_BYTES, "h4");
  }

  /** h1 has no room for the share, so it goes to a new sub-host; the VM to wherever it fits. */
  @Test
  void aHostIsDrainedOfAVmAndOfAShareOfAnother() throws Exception {
    TestVm other = lab.startSmall("other", "h2");
    try {
      rearranged(172 * MIB, "h2");
      lab.restartAgent("h1", "192M");
      lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);

      lab.host("h2").setDraining(new SetDraining(true));
      DrainReport drained =
          Awaitility.await("h2 is empty")
              .atMost(MOVES)
              .pollInterval(Duration.ofMillis(200))
              .until(
                  () -> lab.host("h2").drain(),
                  r ->
                      r.state() == DrainReport.State.EMPTY || r.state() == DrainReport.State.STUCK);
      assertThat(drained.left()).isEmpty();
      assertThat(drained.items())
          .extracting(DrainReport.Item::kind, DrainReport.Item::vm)
          .containsExactlyInAnyOrder(
              tuple(DrainReport.Kind.VM, "other"), tuple(DrainReport.Kind.SHARE, "vm"));
      lab.awaitAllFree("h2");
      assertThat(lab.host("h1").vm("vm").subs())
          .singleElement()
          .satisfies(sub -> assertThat(sub.host()).isIn("h3", "h4"));
      vm.awaitProgress();
      other.awaitProgress();
      other.assertNothingIsWrong();
    } finally {
      lab.host("h2").setDraining(new SetDraining(false));
      other.close();
      for (String host : List.of("h2", "h3", "h4")) {
        if (lab.host(host).host().vms().contains("other")) {
          lab.host(host).stop("other");
        }
      }
      lab.restartAgent("h1", "384M");
      lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);
    }
  }

  @Test
  void whereverTheAgentDiesTheVmGoesOnAndNothingIsLostOrLeftReserved() throws Exception {
    for (String step : List.of("RESERVE", "COMMIT")) {
      dies("migration to h1: " + step, SplitLab.MAIN_BYTES, "h3");
      assertThat(lab.host("h1").vm("vm").subs()).isEmpty();
    }
    vm.awaitProgress();
    dies("its memory is placed anew", SplitLab.MAIN_BYTES, "h2");
    assertPlaced(SplitLab.MAIN_BYTES, "h2");
    long free = lab.host("h2").host().freeBytes();
    dies("migration to h1: COMMIT", SplitLab.MAIN_BYTES / 2, "h2:224M", "h4:16M");
    assertPlaced(SplitLab.MAIN_BYTES, "h2");
    Awaitility.await("h2 grants what it did before it was asked for more")
        .atMost(MOVES)
        .until(() -> lab.host("h2").host().freeBytes() == free);
    lab.awaitAllFree("h3"); // what was kept is freed once it has asked the main host
    dies("migration to h1: SETTLE", 0, "h3");
    assertPlaced(SplitLab.MAIN_BYTES, "h3");
    List.of("h2", "h4").forEach(lab::awaitAllFree);
  }

  @Test
  void aSubHostThatIsAwayHoldsUpItsPagesWithTheReasonAndNothingElse() throws Exception {
    RecordedProcess added = lab.lab().agent("h2").orElseThrow();
    MortalAgent.foretell(lab.lab().plan().host("h1"), "migration to h1: RESERVE", added);
    MigrationReport lost = await(begin(SplitLab.MAIN_BYTES, "h2"), r -> r.state().isOver());
    assertThat(lost.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(lost.reason()).contains("h2");
    lab.lab().startAgent("h2");

    rearranged(SplitLab.MAIN_BYTES, "h3");
    Signals.send("STOP", lab.lab().agent("h3").orElseThrow().pid());
    MigrationReport begun = begin(0, "h4");
    await(begun, r -> r.reason() != null && r.reason().contains("h3"));
    assertThatThrownBy(() -> lab.host("h1").cancel(begun.id()))
        .hasMessageContaining("cannot be cancelled any more");
    Signals.send("CONT", lab.lab().agent("h3").orElseThrow().pid());
    MigrationReport done = await(begun, r -> r.state().isOver());
    assertThat(done.state()).isEqualTo(MigrationState.DONE);
    assertThat(done.reason()).isNull();
    assertPlaced(SplitLab.MAIN_BYTES, "h4");
  }

  private static MigrationReport begin(long mainBytes, String... subs) throws OperationException {
    List<SubShare> shares = Arrays.stream(subs).map(RearrangeIT::share).toList();
    return lab.host("h1")
        .migrate("vm", new MigrateVm("h1", mainBytes, shares, null, 0, 0, 0, null, false));
  }

  private static SubShare share(String sub) {
    int colon = sub.indexOf(':');
    return colon < 0
        ? new SubShare(sub, 0)
        : new SubShare(sub.substring(0, colon), Size.parse(sub.substring(colon + 1)));
  }

  private static void rearranged(long mainBytes, String... subs) throws OperationException {
    MigrationReport last = await(begin(mainBytes, subs), r -> r.state().isOverOrStalled());
    assertThat(last.state()).as(last.reason()).isEqualTo(MigrationState.DONE);
    assertThat(last.downtimeMillis()).isEqualTo(-1);
  }

  private static MigrationReport await(MigrationReport first, Predicate<MigrationReport> wanted) {
    return Awaitility.await("rearrangement " + first.id())
        .atMost(MOVES)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> lab.host("h1").migration(first.id()), wanted);
  }

  /** Begins it; the agent dies at that line of its log, and comes back. */
  private static void dies(String line, long mainBytes, String... subs) throws Exception {
    RecordedProcess agent = lab.lab().agent("h1").orElseThrow();
    MortalAgent.foretell(lab.lab().plan().host("h1"), line, agent);
    try {
      MigrationReport ignored = begin(mainBytes, subs);
    } catch (OperationException e) {
      // It may die before it has answered.
      assertThat(e.code()).isEqualTo(ErrorCode.UNREACHABLE_HOST);
    }
    Awaitility.await("the agent dies at '" + line + "'")
        .atMost(MOVES)
        .until(() -> !agent.isAlive());
    lab.lab().startAgent("h1");
    VmReport back = lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);
    assertThat(back.memoryBytes()).isEqualTo(SplitLab.VM_BYTES);
  }

  /** The VM has these sub-hosts and no others, and this host has promised no more than it has. */
  private static void assertPlaced(long mainBytes, String... subs) {
    lab.awaitVm(
        "h1",
        "vm",
        r ->
            r.residentBytes() <= mainBytes
                && r.subs().stream().map(VmReport.Sub::host).toList().equals(List.of(subs)));
    Awaitility.await("what h1 does not need is free")
        .atMost(MOVES)
        .until(() -> lab.host("h1").host().freeBytes() == CAPACITY - mainBytes);
    vm.awaitProgress();
    VmReport now = lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);
    assertThat(now.mainMemoryBytes()).isEqualTo(mainBytes);
    TestVm.assertAddsUp(now);
  }
}
