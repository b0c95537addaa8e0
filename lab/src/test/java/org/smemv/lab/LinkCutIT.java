package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/**
 * A host's link is cut at each step of each kind of move, exactly at that step, and comes back once
 * the cut was noticed: the VM is whole and in one place, and nothing stays reserved.
 */
@EnabledIfSystemProperty(named = SplitLab.ALL, matches = "true")
@Timeout(400)
class LinkCutIT {
  private static final List<String> HOSTS = List.of("h1", "h2", "h3", "h4");
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

  @AfterEach
  void restoreLinks() throws Exception {
    lab.spareAgents();
    lab.lab().hosts().forEach(LabHost::restoreLink);
  }

  @Test
  void beforeTheCommitACutLinkLeavesTheVmWhereItIs() throws Exception {
    TestVm vm = shared.whole(1);
    MigrateVm split = SplitLab.split("h3", "h4");
    MigrationReport ended = cut("h1", split, new Cut("h1", ": COPY", "h3"), LinkCutIT::isOver);
    assertThat(ended.state()).as(ended.reason()).isEqualTo(MigrationState.ABORTED);
    assertThat(ended.reason()).contains("host h3", "timed out");
    lab.lab().host("h3").restoreLink();
    vm.awaitProgress();

    Cut body = new Cut("h1", ": SEND_BODY", "h2");
    MigrationReport stood = cut("h1", SplitLab.split(), body, LinkCutIT::isOver);
    assertThat(stood.state()).as(stood.reason()).isEqualTo(MigrationState.ABORTED);
    assertThat(stood.reason()).contains("had stood for", "device state");
    lab.lab().host("h2").restoreLink();
    assertGoesOnAt("h1", vm);
    List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
    shared.passed();
  }

  /** It comes back before anybody gives up. */
  @Test
  void aLinkThatComesBackAtOnceHoldsUpNothing() throws Exception {
    TestVm vm = shared.whole(1);
    for (Cut cut : List.of(new Cut("h1", ": PAUSE", "h2"), new Cut("h2", ": RESERVE", "h1"))) {
      String from = cut.teller();
      String to = from.equals("h1") ? "h2" : "h1";
      MigrationReport begun = cut(from, SplitLab.toMain(to, 0, 0), cut, report -> true);
      lab.lab().host(cut.link()).restoreLink();
      awaitDone(from, begun);
      assertGoesOnAt(to, vm);
    }
    shared.passed();
  }

  @Test
  void fromTheCommitOnTheVmWaitsForTheLinkAndGoesOnInOnePlace() throws Exception {
    TestVm vm = shared.whole(1);
    Cut commit = new Cut("h1", ": COMMIT", "h2");
    MigrationReport unknown = cut("h1", SplitLab.split("h3", "h4"), commit, LinkCutIT::stands);
    assertThat(unknown.state()).as(unknown.reason()).isEqualTo(MigrationState.STALLED);
    assertThat(unknown.reason()).contains("not known whether h2 took the VM");
    lab.lab().host("h2").restoreLink();
    MigrationReport known = lab.await(unknown, LinkCutIT::isOver);
    String place = known.state() == MigrationState.DONE ? "h2" : "h1";
    assertGoesOnAt(place, vm);

    String other = place.equals("h1") ? "h2" : "h1";
    Cut resume = new Cut(place, ": RESUME", other);
    MigrationReport taken = cut(place, SplitLab.toMain(other, 0, 0), resume, LinkCutIT::stands);
    assertThat(taken.state()).as(taken.reason()).isEqualTo(MigrationState.STALLED);
    assertThat(taken.reason()).contains("the VM is at " + other + " but does not run yet");
    lab.lab().host(other).restoreLink();
    awaitDone(place, taken);
    assertGoesOnAt(other, vm);
    shared.passed();
  }

  @Test
  void pagesThatFollowWaitForTheLinkAndNoneIsLost() throws Exception {
    TestVm vm = shared.whole(1);
    MigrateVm postCopy =
        new MigrateVm("h2", 0, List.of(), MigrationMode.POSTCOPY, 0, 0, 0, null, false);
    Cut source = new Cut("h1", "it has left", "h1");
    MigrationReport left = cut("h1", postCopy, source, r -> r.reason() != null);
    assertThat(left.state()).isEqualTo(MigrationState.SETTLE);
    // Before that is known, all there is to say may be that QEMU itself waits for a page.
    VmReport stalled = lab.awaitVm("h2", "vm", r -> says(r, "h1") && says(r, "cannot be reached"));
    assertThat(stalled.state()).isEqualTo(VmState.STALLED);
    lab.lab().host("h1").restoreLink();
    awaitDone("h1", left);
    assertGoesOnAt("h2", vm);
    lab.awaitAllFree("h1");
    shared.passed();
  }

  @Test
  void aChangeOfPlacementAndAMergeWaitForTheSubHostWhoseLinkIsCut() throws Exception {
    TestVm vm = shared.whole(1);
    placedAnewInSpiteOfACut("h3"); // what is spilled there
    placedAnewInSpiteOfACut("h4"); // what comes there from h3

    Cut gathered = new Cut("h2", "connected to sub-host h4", "h4");
    MigrationReport heldUp =
        cut(
            "h1",
            SplitLab.toMain("h2", SplitLab.VM_BYTES, 0),
            gathered,
            r -> r.reason() != null || r.state().isOver());
    assertThat(heldUp.state()).as(heldUp.reason()).isEqualTo(MigrationState.COPY);
    assertThat(heldUp.reason()).contains("h4");
    lab.lab().host("h4").restoreLink();
    awaitDone("h1", heldUp);
    assertGoesOnAt("h2", vm);
    List.of("h1", "h3", "h4").forEach(lab::awaitAllFree);
    shared.passed();
  }

  /** All that does not fit on the main host goes to this one, whose link is cut meanwhile. */
  private static void placedAnewInSpiteOfACut(String sub) throws Exception {
    List<SubShare> subs = List.of(new SubShare(sub, 0));
    MigrationReport heldUp =
        cut(
            "h1",
            new MigrateVm("h1", SplitLab.MAIN_BYTES, subs, null, 0, 0, 0, null, false),
            new Cut("h1", "migration to h1: SETTLE", sub),
            r -> r.reason() != null || r.state().isOver());
    assertThat(heldUp.state()).as(heldUp.reason()).isEqualTo(MigrationState.SETTLE);
    lab.awaitVm("h1", "vm", r -> !isConnected(r, sub));
    lab.await(heldUp, r -> r.reason() != null && r.reason().contains("reached"));
    lab.lab().host(sub).restoreLink();
    awaitDone("h1", heldUp);
  }

  private static boolean says(VmReport report, String words) {
    String reason = report.reason();
    return reason != null && reason.contains(words);
  }

  private static boolean isConnected(VmReport report, String sub) {
    return report.subs().stream().anyMatch(s -> s.host().equals(sub) && s.connected());
  }

  /** When that line is in the first one's log, the link of the other one is cut. */
  private record Cut(String teller, String line, String link) {}

  /** Moves the VM and follows that until the cut has had the effect. */
  private static MigrationReport cut(
      String source, MigrateVm request, Cut cut, Predicate<MigrationReport> effect)
      throws Exception {
    HostPlan teller = lab.lab().plan().host(cut.teller());
    MortalAgent.foretellCut(teller, cut.line(), cut.link());
    MigrationReport begun = lab.host(source).migrate("vm", request);
    Awaitility.await(cut.toString())
        .atMost(MOVES)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> MortalAgent.hasComeToPass(teller));
    return lab.await(source, begun, effect);
  }

  private static boolean isOver(MigrationReport report) {
    return report.state().isOver();
  }

  private static boolean stands(MigrationReport report) {
    return report.state().isOverOrStalled();
  }

  private static void awaitDone(String source, MigrationReport begun) {
    MigrationReport last = lab.await(source, begun, LinkCutIT::isOver);
    assertThat(last.state()).as(last.reason()).isEqualTo(MigrationState.DONE);
  }

  private static void assertGoesOnAt(String host, TestVm vm) throws OperationException {
    assertThat(OnlyPlace.await(lab)).isEqualTo(host);
    vm.awaitProgress();
    TestVm.assertAddsUp(lab.host(host).vm(vm.name()));
    LeftBehind left = new LeftBehind(lab, HOSTS);
    Awaitility.await("nothing is reserved that nobody needs")
        .atMost(MOVES)
        .untilAsserted(left::assertNoGrantIsLeftOver);
  }
}
