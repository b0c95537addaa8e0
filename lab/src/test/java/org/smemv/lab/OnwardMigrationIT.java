package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.smemv.lab.SplitLab.MIB;

import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;

/** A VM that is split already moves on, under load and while it swaps. */
@Timeout(400)
class OnwardMigrationIT {
  private static final Duration MOVES = Duration.ofMinutes(2);

  private static SplitLab lab;
  private static SharedVm shared;

  @BeforeAll
  static void up() {
    lab = SplitLab.up("384M", "256M", "256M", "256M", "256M");
    shared = new SharedVm(lab, SplitLab.ANSWER_SECONDS, null);
  }

  @AfterAll
  static void down() {
    if (lab == null) {
      return;
    }
    try {
      shared.end();
    } finally {
      lab.close();
    }
  }

  @Test
  void theMainPartMovesAndNoPageOfASubHostTravels() throws Exception {
    TestVm vm = shared.split(2);
    vm.awaitProgress();

    SentPages before = SentPages.of(lab, "h3", "h4");
    MigrationReport on = move("h2", vm, SplitLab.MAIN_BYTES, "h5");
    SentPages sent = SentPages.of(lab, "h3", "h4").since(before);
    System.out.println("while the main part moved the sub-hosts sent " + sent);
    assertThat(sent.inBackground()).isZero(); // the rest is what the guest touched meanwhile
    assertThat(on.targets()).extracting(MigrationReport.Target::host).containsExactly("h5");
    assertThat(on.ram().transferred()).isLessThan(4 * SplitLab.MAIN_BYTES);
    List<String> subs = lab.host("h5").vm("vm").subs().stream().map(VmReport.Sub::host).toList();
    assertThat(subs).containsExactly("h3", "h4");
    lab.awaitAllFree("h2");
    vm.awaitProgress();

    move("h5", vm, SplitLab.MAIN_BYTES / 2, "h2", "h1", "h3", "h4");
    VmReport there = lab.host("h2").vm("vm");
    assertThat(there.mainMemoryBytes()).isEqualTo(SplitLab.MAIN_BYTES / 2);
    assertThat(there.subs()).extracting(VmReport.Sub::host).containsExactly("h1", "h3", "h4");
    lab.awaitAllFree("h5");
    vm.awaitProgress();
    TestVm.assertAddsUp(lab.host("h2").vm("vm"));
    shared.passed();
  }

  @Test
  void aSplitVmIsMergedOnOneHostAndSplitAgain() throws Exception {
    TestVm vm = shared.split(2);
    vm.awaitProgress();

    MigrationReport merged = move("h2", vm, SplitLab.VM_BYTES, "h1");
    assertThat(merged.targets()).extracting(MigrationReport.Target::host).containsExactly("h1");
    assertThat(merged.ram().transferred()).isLessThan(4 * SplitLab.MAIN_BYTES);
    VmReport whole = lab.host("h1").vm("vm");
    assertThat(whole.subs()).isEmpty();
    assertThat(whole.mainMemoryBytes()).isEqualTo(SplitLab.VM_BYTES);
    List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
    vm.awaitProgress();
    TestVm.assertAddsUp(whole);

    lab.migrate(vm, SplitLab.split("h3", "h4"));
    vm.awaitProgress();
    shared.passed();
  }

  @Test
  void aSubHostIsExchangedForAnotherWhileTheMainPartMoves() throws Exception {
    TestVm vm = shared.split(2);
    MigrateVm exchange = SplitLab.toMain("h1", SplitLab.MAIN_BYTES, 0, "h5", "h4");
    MigrationReport begun = lab.host("h2").migrate("vm", exchange);
    await("h2", begun, MigrationState.SETTLE);
    assertIsNotMovedWhileItLeavesSubHosts();
    await("h2", begun, MigrationState.DONE);
    assertThat(lab.host("h1").vm("vm").subs())
        .extracting(VmReport.Sub::host)
        .containsExactly("h5", "h4");
    List.of("h2", "h3").forEach(lab::awaitAllFree);
    vm.awaitProgress();
    TestVm.assertAddsUp(lab.host("h1").vm("vm"));
    shared.passed();
  }

  /** It leaves h3 for a second at least, as each second it is looked whether it has left. */
  private static void assertIsNotMovedWhileItLeavesSubHosts() {
    OperationException refused =
        catchThrowableOfType(
            OperationException.class,
            () -> lab.host("h1").migrate("vm", SplitLab.toMain("h2", SplitLab.MAIN_BYTES, 0)));
    assertThat(refused).isNotNull();
    assertThat(refused.code()).isEqualTo(ErrorCode.BUSY);
    assertThat(refused).hasMessageContaining("sub-hosts that it is leaving");
  }

  @Test
  void aSubHostBecomesTheMainHostAndKeepsNothingAsASubHost() throws Exception {
    TestVm vm = shared.split(2);
    vm.awaitProgress();

    move("h2", vm, SplitLab.MAIN_BYTES, "h3", "h4", "h1");
    VmReport there = lab.host("h3").vm("vm");
    assertThat(there.subs()).extracting(VmReport.Sub::host).containsExactly("h1", "h4");
    assertThat(lab.host("h3").host().shares()).isEmpty();
    lab.awaitAllFree("h2");
    vm.awaitProgress();
    TestVm.assertAddsUp(lab.host("h3").vm("vm"));
    shared.passed();
  }

  @Test
  void aMoveThatIsCancelledLeavesTheSplitVmAsItWas() throws Exception {
    TestVm vm = shared.split(2);
    MigrateVm slow = SplitLab.toMain("h5", SplitLab.MAIN_BYTES, MIB);
    MigrationReport begun = lab.host("h2").migrate("vm", slow);
    await("h2", begun, MigrationState.COPY);
    vm.awaitProgress();
    lab.host("h2").cancel(begun.id());
    assertThat(await("h2", begun, MigrationState.ABORTED).reason()).contains("cancelled");
    lab.awaitAllFree("h5");
    vm.awaitProgress();
    move("h2", vm, SplitLab.MAIN_BYTES, "h5");
    shared.passed();
  }

  private static MigrationReport move(
      String source, TestVm vm, long mainBytes, String main, String... subs)
      throws OperationException {
    MigrationReport first =
        lab.host(source).migrate(vm.name(), SplitLab.toMain(main, mainBytes, 0, subs));
    return await(source, first, MigrationState.DONE);
  }

  private static MigrationReport await(
      String source, MigrationReport first, MigrationState wanted) {
    MigrationReport last =
        Awaitility.await("migration " + first.id())
            .atMost(MOVES)
            .pollInterval(Duration.ofMillis(50))
            .until(
                () -> lab.host(source).migration(first.id()),
                r -> r.state() == wanted || r.state().isOverOrStalled());
    assertThat(last.state()).as(last.reason()).isEqualTo(wanted);
    return last;
  }
}
