package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;

/**
 * Agents that die at each step of the switch of a VM between two hosts, exactly at that step: the
 * VM goes on whole, in one place, and which one is told by the step. It is moved to and fro, so
 * that each death meets what the one before has left.
 */
@Timeout(400)
class SwitchOverCrashIT {
  private static final Duration DIES = Duration.ofMinutes(1);

  private static SplitLab lab;
  private static SharedVm shared;
  private String place = "h1";

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
  void aSourceAgentThatDiesInTheSwitchHasLostTheVmOnlyOnceTheTargetHasTakenIt() throws Exception {
    TestVm vm = shared.whole(1);
    for (String step : List.of("PAUSE", "SEND_BODY", "COMMIT")) {
      dies(place, "migration to " + other() + ": " + step, vm);
      assertThat(place).as("died in " + step).isEqualTo("h1");
    }
    dies(place, "migration to " + other() + ": RESUME", vm);
    assertThat(place).isEqualTo("h2");
    dies(place, "migration to " + other() + ": RESUME", vm);
    assertThat(place).isEqualTo("h1");
    // What h2 remembers of the time when the VM was there must not answer for this attempt.
    dies(place, "migration to " + other() + ": PAUSE", vm);
    assertThat(place).isEqualTo("h1");
    dies(place, "migration to " + other() + ": SEND_BODY", vm, "h3", "h4");
    assertThat(place).isEqualTo("h1");
    // Nobody could tell them that what they keep is not needed: they ask after a while.
    lab.awaitAllFree("h3");
    lab.awaitAllFree("h4");
    dies(place, "migration to " + other() + ": RESUME", vm, "h3", "h4");
    assertThat(place).isEqualTo("h2");
    shared.passed();
  }

  @Test
  void aMainHostsAgentThatDiesInTheSwitchHasTheVmOnceItHasTakenIt() throws Exception {
    TestVm vm = shared.whole(1);
    dies(other(), "all of it has arrived from h1", vm);
    assertThat(place).isEqualTo("h1");
    dies(other(), "taken from h1", vm);
    assertThat(place).isEqualTo("h2");
    dies(other(), "vm: runs here", vm);
    assertThat(place).isEqualTo("h1");
    dies(other(), "taken from h1", vm, "h3", "h4");
    assertThat(place).isEqualTo("h2");
    shared.passed();
  }

  @Test
  @EnabledIfSystemProperty(named = SplitLab.ALL, matches = "true")
  void aSplitVmThatMovesOnIsInOnePlaceAtWhicheverStepAnAgentDies() throws Exception {
    TestVm vm = shared.split(1);
    place = "h2";
    dies(place, "migration to h1: COPY", vm);
    dies(place, "migration to h1: SEND_BODY", vm);
    dies(other(), "all of it has arrived from h2", vm);
    assertThat(place).isEqualTo("h2");
    dies(other(), "taken from h2", vm);
    assertThat(place).isEqualTo("h1");
    dies(place, "migration to h2: RESUME", vm);
    assertThat(place).isEqualTo("h2");
    TestVm.assertAddsUp(lab.host("h2").vm("vm"));
    shared.passed();
  }

  @Test
  void aSubHostsAgentThatDiesWhileTheVmStandsTurnsTheVmBack() throws Exception {
    TestVm vm = shared.whole(1);
    RecordedProcess sub = lab.lab().agent("h3").orElseThrow();
    MortalAgent.foretell(lab.lab().plan().host("h1"), "migration to h2: SEND_BODY", sub);
    MigrationReport begun = lab.host("h1").migrate(vm.name(), forced("h2", "h3", "h4"));
    MigrationReport ended = lab.await(begun, report -> report.state().isOverOrStalled());
    assertThat(ended.state()).as(ended.reason()).isEqualTo(MigrationState.ABORTED);
    assertThat(ended.reason()).contains("sub-host h3");
    vm.awaitProgress();
    assertThat(OnlyPlace.await(lab)).isEqualTo("h1");
    shared.passed();
  }

  private String other() {
    return place.equals("h1") ? "h2" : "h1";
  }

  /** Moves the VM to the other host; that agent dies at that line of its log, and comes back. */
  private void dies(String victim, String line, TestVm vm, String... subs) throws Exception {
    RecordedProcess agent = lab.lab().agent(victim).orElseThrow();
    MortalAgent.foretell(lab.lab().plan().host(victim), line, agent);
    lab.host(place).migrate(vm.name(), forced(other(), subs));
    Awaitility.await("the agent of " + victim + " dies at '" + line + "'")
        .atMost(DIES)
        .until(() -> !agent.isAlive());
    lab.lab().startAgent(victim);
    place = OnlyPlace.await(lab);
    vm.awaitProgress();
  }

  private static MigrateVm forced(String target, String... subs) {
    List<SubShare> shares = new ArrayList<>();
    for (String sub : subs) {
      shares.add(new SubShare(sub, 0));
    }
    long main = subs.length == 0 ? 0 : SplitLab.MAIN_BYTES;
    return new MigrateVm(
        target, main, shares, MigrationMode.PRECOPY, 500, 0, 1, TimeoutAction.FORCE, false);
  }
}
