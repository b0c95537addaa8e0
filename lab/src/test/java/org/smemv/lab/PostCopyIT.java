package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smemv.lab.SplitLab.MIB;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** A VM runs at its new main host before its pages are there. */
@Timeout(400)
class PostCopyIT {
  private static final Duration MOVES = Duration.ofMinutes(2);

  private static SplitLab lab;
  private static SharedVm shared;

  @BeforeAll
  static void up() {
    lab = SplitLab.up("384M", "384M", "256M", "256M");
    shared = new SharedVm(lab, SplitLab.PATIENT_SECONDS, null);
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
  void aVmRunsElsewhereAtOnceAndItsPagesFollow() throws Exception {
    TestVm vm = shared.whole(2);
    MigrationReport whole = move("h1", vm, 0, MigrationMode.POSTCOPY, "h2");
    assertThat(whole.postCopy()).isTrue();
    assertThat(whole.targets().getFirst().pages()).as("sent before the switch").isZero();
    assertThat(lab.host("h2").vm("vm").subs()).isEmpty();
    lab.awaitAllFree("h1");
    vm.awaitProgress();

    move("h2", vm, SplitLab.MAIN_BYTES, MigrationMode.POSTCOPY, "h1", "h3", "h4");
    VmReport split = lab.host("h1").vm("vm");
    assertThat(split.subs()).extracting(VmReport.Sub::host).containsExactly("h3", "h4");
    lab.awaitAllFree("h2");
    TestVm.assertAddsUp(split);
    vm.awaitProgress();

    MigrationReport merged = move("h1", vm, SplitLab.VM_BYTES, MigrationMode.HYBRID, "h2");
    assertThat(merged.targets()).extracting(MigrationReport.Target::host).containsExactly("h2");
    List.of("h1", "h3", "h4").forEach(lab::awaitAllFree);
    vm.awaitProgress();
    TestVm.assertAddsUp(lab.host("h2").vm("vm"));
    shared.passed();
  }

  @Test
  void aPreCopyThatIsSlowBecomesAPostCopyWhenToldOrWhenItsTimeIsOver() throws Exception {
    TestVm vm = shared.whole(2);
    MigrateVm slow = request(0, MigrationMode.PRECOPY, 2 * MIB, 100, TimeoutAction.ABORT, "h2");
    MigrationReport begun = lab.host("h1").migrate("vm", slow);
    lab.awaitCopying(begun);
    lab.host("h1").postCopy(begun.id());
    MigrationReport done = await("h1", begun);
    assertThat(done.postCopy()).isTrue();
    assertThat(done.ram().transferred()).isPositive();
    lab.awaitAllFree("h1");

    MigrateVm timed =
        request(
            SplitLab.MAIN_BYTES,
            MigrationMode.PRECOPY,
            2 * MIB,
            2,
            TimeoutAction.POSTCOPY,
            "h1",
            "h3",
            "h4");
    MigrationReport back = await("h2", lab.host("h2").migrate("vm", timed));
    assertThat(back.postCopy()).isTrue();
    lab.awaitAllFree("h2");
    vm.awaitProgress();
    TestVm.assertAddsUp(lab.host("h1").vm("vm"));
    shared.passed();
  }

  @Test
  void agentsThatDieWhilePagesAreStillAtTheSourceLoseNone() throws Exception {
    TestVm vm = shared.whole(2);
    dies("h1", "h1", "migration to h2: SEND_BODY", vm);
    assertThat(lab.host("h1").vm("vm").state()).isEqualTo(VmState.RUNNING);
    dies("h1", "h1", "migration to h2: RESUME", vm);
    awaitAlone("h2");
    dies("h2", "h1", "taken from h2", vm);
    awaitAlone("h1");
    dies("h1", "h1", "vm: it has left", vm);
    awaitAlone("h2");
    dies("h2", "h1", "sub-host h2 is drained", vm);
    awaitAlone("h1");
    shared.passed();
  }

  /** The VM moves, an agent dies at that line of its log and comes back, and the VM goes on. */
  private static void dies(String source, String victim, String line, TestVm vm) throws Exception {
    RecordedProcess agent = lab.lab().agent(victim).orElseThrow();
    MortalAgent.foretell(lab.lab().plan().host(victim), line, agent);
    String target = source.equals("h1") ? "h2" : "h1";
    lab.host(source)
        .migrate(
            vm.name(), request(0, MigrationMode.POSTCOPY, 0, 100, TimeoutAction.ABORT, target));
    Awaitility.await("the agent of " + victim + " dies at '" + line + "'")
        .atMost(Duration.ofMinutes(1))
        .until(() -> !agent.isAlive());
    lab.lab().startAgent(victim);
    vm.awaitProgress();
  }

  private static void awaitAlone(String host) {
    lab.awaitVm(host, "vm", vm -> vm.state() == VmState.RUNNING && vm.subs().isEmpty());
    lab.awaitAllFree(host.equals("h1") ? "h2" : "h1");
  }

  private static MigrateVm request(
      long mainBytes,
      MigrationMode mode,
      long bandwidth,
      long timeoutSeconds,
      TimeoutAction onTimeout,
      String main,
      String... subs) {
    List<SubShare> shares = Arrays.stream(subs).map(host -> new SubShare(host, 0)).toList();
    return new MigrateVm(
        main, mainBytes, shares, mode, 100, bandwidth, timeoutSeconds, onTimeout, false);
  }

  private static MigrationReport move(
      String source, TestVm vm, long mainBytes, MigrationMode mode, String main, String... subs)
      throws OperationException {
    MigrateVm request = request(mainBytes, mode, 0, 100, TimeoutAction.ABORT, main, subs);
    return await(source, lab.host(source).migrate(vm.name(), request));
  }

  private static MigrationReport await(String source, MigrationReport first) {
    MigrationReport last =
        Awaitility.await("migration " + first.id())
            .atMost(MOVES)
            .pollInterval(Duration.ofMillis(50))
            .until(() -> lab.host(source).migration(first.id()), r -> r.state().isOverOrStalled());
    assertThat(last.state()).as(last.reason()).isEqualTo(MigrationState.DONE);
    return last;
  }
}
