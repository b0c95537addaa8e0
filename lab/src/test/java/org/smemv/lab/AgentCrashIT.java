package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smemv.lab.SplitLab.MIB;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** Agents die by SIGKILL, and their VMs do not, as long as no page is lost. */
class AgentCrashIT {
  private static SplitLab lab;
  private static SharedVm shared;

  @BeforeAll
  static void up() {
    lab = SplitLab.up("512M", "384M", "256M", "256M", "256M");
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
  void theMainHostsAgentIsKilledAgainAndAgainAndNothingIsLost() throws Exception {
    TestVm vm = shared.split(2);
    long pid = lab.host("h2").vm("vm").pid();
    long free = lab.host("h2").host().freeBytes();

    for (int kill = 0; kill < 3; kill++) {
      lab.awaitVm("h2", "vm", r -> r.faults().remote() > 0 && r.evictions().count() > 0);
      lab.lab().killAgent("h2");
      lab.lab().startAgent("h2");
      VmReport back = lab.awaitVm("h2", "vm", r -> r.state() == VmState.RUNNING);
      assertThat(back.pid()).isEqualTo(pid);
      vm.awaitProgress();
    }

    VmReport now = lab.host("h2").vm("vm");
    TestVm.assertAddsUp(now);
    assertThat(now.mainMemoryBytes()).isEqualTo(SplitLab.MAIN_BYTES);
    assertThat(lab.host("h2").host().freeBytes()).isEqualTo(free);
    assertThat(now.subs()).hasSize(2).allMatch(VmReport.Sub::connected);
    for (String sub : List.of("h3", "h4")) {
      assertThat(lab.host(sub).host().shares()).as(sub).hasSize(1);
    }
    shared.passed();
  }

  @Test
  void aLostSubHostStallsItsVmAloneAndIsNamedWithWhatIsLost() throws Exception {
    shared.split(2);
    TestVm other = lab.start("other", 1);
    lab.awaitVm("h2", "vm", r -> r.faults().remote() > 0);

    lab.lab().killAgent("h3");
    VmReport away = lab.awaitVm("h2", "vm", r -> r.state() == VmState.STALLED);
    assertThat(away.reason()).contains("h3", "MiB");
    lab.lab().startAgent("h3");

    VmReport lost =
        lab.awaitVm("h2", "vm", r -> r.reason() != null && r.reason().contains("has lost"));
    assertThat(lost.state()).isEqualTo(VmState.STALLED);
    assertThat(lost.reason()).containsPattern("h3 .*has lost \\d+ MiB");
    assertThat(lab.host("h3").host().shares()).isEmpty();
    // Whatever else is asked of the same hosts goes on.
    assertThat(lab.host("h2").host().vms()).containsExactly("vm");
    lab.migrate(other, SplitLab.toMain("h5", 0, 0));
    other.assertNothingIsWrong();
    lab.host("h2").stop("vm");
    lab.awaitAllFree("h2");
  }

  @Test
  void theSourcesAgentDiesWhileItCopiesAndTheVmStaysWhole() throws Exception {
    TestVm vm = shared.whole(2);
    lab.awaitCopying(lab.host("h1").migrate("vm", SplitLab.slowSplit("h3", "h4")));
    assertThat(reserved("h2") + reserved("h3") + reserved("h4")).isPositive();

    lab.lab().killAgent("h1");
    lab.lab().startAgent("h1");

    VmReport back = lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);
    assertThat(back.mainMemoryBytes()).isEqualTo(SplitLab.VM_BYTES);
    assertThat(back.subs()).isEmpty();
    vm.awaitProgress();
    List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
    // And it can be moved as if nothing had been.
    lab.migrate(vm, SplitLab.split("h3", "h4"));
    shared.passed();
  }

  private static long reserved(String host) throws Exception {
    HostReport report = lab.host(host).host();
    return report.capacityBytes() - report.freeBytes();
  }

  @Test
  void aTargetThatDiesBeforeTheSwitchEndsTheMigrationAndTheVmGoesOnAtItsSource() throws Exception {
    TestVm vm = shared.whole(2);
    for (String target : List.of("h2", "h3")) {
      MigrationReport copying =
          lab.awaitCopying(lab.host("h1").migrate("vm", SplitLab.slowSplit("h3", "h4")));
      lab.lab().killAgent(target);

      MigrationReport ended = lab.await(copying, report -> report.state().isOverOrStalled());

      assertThat(ended.state()).isEqualTo(MigrationState.ABORTED);
      assertThat(ended.reason()).contains(target);
      VmReport here = lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);
      assertThat(here.mainMemoryBytes()).isEqualTo(SplitLab.VM_BYTES);
      vm.awaitProgress();
      lab.lab().startAgent(target);
      List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
    }
    assertThat(lab.host("h1").host().freeBytes()).isEqualTo((512 - 256) * MIB);
    lab.migrate(vm, SplitLab.split("h3", "h4"));
    shared.passed();
  }

  @Test
  void aTargetThatComesBackWithLessMemoryEndsTheMigrationAndTheVmGoesOnAtItsSource()
      throws Exception {
    TestVm vm = shared.whole(2);
    MigrationReport copying =
        lab.awaitCopying(lab.host("h1").migrate("vm", SplitLab.slowSplit("h3", "h4")));
    lab.restartAgent("h3", "32M");

    MigrationReport ended = lab.await(copying, report -> report.state().isOverOrStalled());

    assertThat(ended.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(ended.reason()).contains("h3");
    lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);
    vm.awaitProgress();
    List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
    assertThatThrownBy(() -> lab.host("h1").migrate("vm", SplitLab.toMain("h3", 0, 0)))
        .isInstanceOfSatisfying(
            OperationException.class,
            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.CAPACITY))
        .hasMessageContainingAll("h3", "32 MiB");
    // What the others have is enough.
    lab.migrate(vm, SplitLab.split("h4"));
    lab.restartAgent("h3", "256M");
    shared.passed();
  }
}
