package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
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
import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvCommand;

/** What cannot be done is said clearly, changes nothing, and the VM goes on. */
class BadInputIT {
  private static SplitLab lab;
  private static SharedVm shared;

  @BeforeAll
  static void up() {
    lab = SplitLab.up("512M", "384M", "128M", "128M");
    // Its QEMU stands still for seconds, and TCP asks for what was lost then ever more rarely.
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

  private record Refusal(int exit, List<String> words, List<String> arguments) {}

  private static Refusal refused(int exit, String words, String arguments) {
    return new Refusal(
        exit, List.of(words.split(",", -1)), List.of(("vm migrate " + arguments).split(" ", -1)));
  }

  private static final List<Refusal> REFUSALS =
      List.of(
          refused(4, "nobody", "vm --main nobody --main-memory 128M --sub h3 --sub h4"),
          refused(4, "nobody", "vm --main h2 --main-memory 128M --sub h3 --sub nobody"),
          refused(4, "other", "other --main h2 --main-memory 128M --sub h3 --sub h4"),
          refused(2, "h1 already,--main-memory", "vm --main h1"),
          refused(2, "--timeout", "vm --main h1 --main-memory 128M --sub h3 --sub h4 --timeout 9"),
          refused(2, "h1", "vm --main h2 --main-memory 128M --sub h1 --sub h4"),
          refused(2, "h2", "vm --main h2 --main-memory 128M --sub h2 --sub h3"),
          refused(2, "h3,twice", "vm --main h2 --main-memory 128M --sub h3 --sub h3"),
          refused(5, "h3,128 MiB free,256 MiB", "vm --main h3"),
          refused(5, "sub-hosts must take 136 MiB", "vm --main h2 --main-memory 128M --sub h3"),
          refused(5, "sub-hosts must take", "vm --main h2 --main-memory 128M"),
          refused(5, "h3,128 MiB free,200 MiB", "vm --main h2 --main-memory 128M --sub h3:200M"),
          refused(2, "512 MiB,256 MiB", "vm --main h2 --main-memory 512M --sub h3"),
          refused(2, "h3,h4,--main-memory", "vm --main h2 --sub h3 --sub h4"),
          refused(2, "0", "vm --main h2 --main-memory 0 --sub h3"),
          refused(2, "5", "vm --main h2 --main-memory 5 --sub h3"),
          refused(2, "-1", "vm --main h2 --main-memory -1 --sub h3"),
          refused(2, "lots", "vm --main h2 --main-memory lots --sub h3"),
          refused(2, "downtime", "vm --main h2 --downtime-limit 0"));

  @Test
  void everyRequestThatMakesNoSenseIsRefusedBeforeAnythingChanges() throws Exception {
    shared.whole(1);
    List<HostReport> before = promises();
    List<MigrationReport> migrations = lab.host("h1").migrations();

    for (Refusal refusal : REFUSALS) {
      StringWriter said = new StringWriter();
      int exit = command(said, refusal.arguments());

      assertThat(exit).as(refusal + " said " + said).isEqualTo(refusal.exit());
      assertThat(said.toString()).as(refusal.toString()).contains(refusal.words());
    }

    assertThat(promises()).isEqualTo(before);
    assertThat(lab.host("h1").migrations()).isEqualTo(migrations);
    assertThat(lab.host("h1").vm("vm").state()).isEqualTo(VmState.RUNNING);
    shared.passed();
  }

  private static int command(StringWriter said, List<String> arguments) {
    return SmemvCommand.commandLine()
        .setErr(new PrintWriter(said, true))
        .execute(arguments.toArray(String[]::new));
  }

  /** What each host has promised to whom; not how much of it is used just now. */
  private static List<HostReport> promises() throws OperationException {
    List<HostReport> all = new ArrayList<>();
    for (LabHost host : lab.lab().hosts()) {
      HostReport now = lab.host(host.plan().name()).host();
      all.add(
          new HostReport(
              now.name(), now.capacityBytes(), now.freeBytes(), 0, 0, now.vms(), now.shares()));
    }
    return all;
  }

  @Test
  void aHostThatDoesNotAnswerIsNamedAndASecondMigrationOfTheVmIsRefused() throws Exception {
    shared.whole(1);
    lab.lab().killAgent("h4");
    StringWriter said = new StringWriter();
    int exit =
        command(
            said, List.of("vm", "migrate", "vm", "--host", "h1", "--main", "h2", "--sub", "h4"));
    assertThat(exit).isEqualTo(ExitCode.UNREACHABLE.number());
    assertThat(said.toString()).contains("h4");
    lab.lab().startAgent("h4");
    lab.awaitAllFree("h2");

    MigrationReport first = lab.host("h1").migrate("vm", SplitLab.slowSplit("h3", "h4"));
    OperationException second =
        catchThrowableOfType(
            OperationException.class, () -> lab.host("h1").migrate("vm", SplitLab.split()));
    assertThat(second.code()).isEqualTo(ErrorCode.BUSY);
    assertThat(second).hasMessageContainingAll("already", "h2");

    OperationException stopped =
        catchThrowableOfType(OperationException.class, () -> lab.host("h2").stop("vm"));
    assertThat(stopped.code()).isIn(ErrorCode.BUSY, ErrorCode.NOT_FOUND);
    lab.awaitCopying(first);
    stopped = catchThrowableOfType(OperationException.class, () -> lab.host("h2").stop("vm"));
    assertThat(stopped.code()).isEqualTo(ErrorCode.BUSY);
    assertThat(stopped).hasMessageContainingAll("arriving", "h1");

    lab.host("h1").cancel(first.id());
    MigrationReport ended = lab.await(first, report -> report.state().isOverOrStalled());
    assertThat(ended.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(ended.reason()).contains("cancelled");
    List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
    shared.passed();
  }

  @Test
  void aQemuThatDiesWhileItIsMovedEndsTheMigrationAndIsReportedDead() throws Exception {
    TestVm vm = shared.whole(1);
    MigrationReport copying =
        lab.awaitCopying(lab.host("h1").migrate("vm", SplitLab.slowSplit("h3", "h4")));

    Signals.send("KILL", lab.host("h1").vm("vm").pid());

    MigrationReport ended = lab.await(copying, report -> report.state().isOverOrStalled());
    assertThat(ended.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(ended.reason()).contains("QEMU", "died");
    VmReport dead = lab.awaitVm("h1", "vm", r -> r.state() == VmState.DEAD);
    assertThat(dead.reason()).contains("QEMU has ended");
    List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
    lab.host("h1").stop("vm");
    lab.awaitAllFree("h1");
    vm.close();
  }

  @Test
  void aMonitorThatDoesNotAnswerEndsTheMigrationAndTheVmGoesOnWhenItWakes() throws Exception {
    TestVm vm = shared.whole(1);
    long pid = lab.host("h1").vm("vm").pid();
    Signals.send("STOP", pid);
    MigrationReport ended;
    try {
      MigrationReport first = lab.host("h1").migrate("vm", SplitLab.split("h3", "h4"));
      ended = lab.await(first, report -> report.state().isOverOrStalled());
      // Others are answered meanwhile.
      assertThat(lab.host("h1").host().vms()).containsExactly("vm");
    } finally {
      Signals.send("CONT", pid);
    }
    assertThat(ended.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(ended.reason()).contains("vm");
    lab.awaitVm("h1", "vm", r -> r.state() == VmState.RUNNING);
    List.of("h2", "h3", "h4").forEach(lab::awaitAllFree);
    vm.awaitProgress();
    lab.migrate(vm, SplitLab.split("h3", "h4"));
    shared.passed();
  }
}
