package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smemv.lab.SplitLab.MIB;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/**
 * Agents that die by SIGKILL while a VM stands between two hosts. On which of them it goes on
 * depends on the moment; that it is exactly one, whole, does not.
 */
@Timeout(400)
class SwitchOverCrashIT {
  private static final Duration SETTLES = Duration.ofMinutes(2);

  /** So slow that more than a second's worth of pages is left when the VM must stop. */
  private static final long BANDWIDTH = 48 * MIB;

  private static SplitLab lab;

  @BeforeAll
  static void up() {
    lab = SplitLab.up("384M", "384M", "256M", "256M");
  }

  @AfterAll
  static void down() {
    if (lab != null) {
      lab.close();
    }
  }

  @AfterEach
  void clear() throws Exception {
    lab.clear();
  }

  /** Which of the two agents dies. */
  private enum Victim {
    SOURCE,
    TARGET
  }

  @Test
  void aSourceAgentThatDiesDuringTheSwitchOverLeavesTheVmInOnePlace() throws Exception {
    crashAtEveryMoment(Victim.SOURCE);
  }

  @Test
  void aMainHostsAgentThatDiesDuringTheSwitchOverLeavesTheVmInOnePlace() throws Exception {
    crashAtEveryMoment(Victim.TARGET);
  }

  private static void crashAtEveryMoment(Victim victim) throws Exception {
    TestVm vm = lab.startPatient("vm");
    String place = "h1";
    place = crash(vm, victim, place, MigrationState.PAUSE);
    place = crash(vm, victim, place, MigrationState.SEND_BODY);
    place = crash(vm, victim, place, MigrationState.COMMIT);
    // The last one, because a VM that is split cannot be moved on.
    place = crash(vm, victim, place, MigrationState.RESUME, "h3", "h4");
    vm.assertNothingIsWrong();
    assertThat(onlyPlace()).isEqualTo(place);
  }

  /** Moves the VM to the other host and kills an agent at that moment; returns where it is then. */
  private static String crash(
      TestVm vm, Victim victim, String source, MigrationState moment, String... subs)
      throws Exception {
    String target = source.equals("h1") ? "h2" : "h1";
    RecordedProcess agent =
        lab.lab().agent(victim == Victim.SOURCE ? source : target).orElseThrow();
    MigrationReport begun = lab.host(source).migrate("vm", forced(target, subs));
    MigrationState seen = await(source, begun.id(), MigrationState.PAUSE);
    if (seen == MigrationState.PAUSE && moment != MigrationState.PAUSE) {
      seen = holdThenAwait(source, target, begun.id(), moment);
    }
    agent.kill();

    Awaitility.await("the agent ends").atMost(SETTLES).until(() -> !agent.isAlive());
    lab.lab().startAgent(victim == Victim.SOURCE ? source : target);
    String place =
        Awaitility.await("the VM is in one place")
            .atMost(SETTLES)
            .ignoreExceptionsInstanceOf(OperationException.class)
            .until(SwitchOverCrashIT::onlyPlace, found -> !found.isEmpty());
    System.out.printf("%s died in %s of %s to %s: VM on %s%n", victim, seen, source, target, place);
    assertThat(place).isIn(isCommitted(seen) ? List.of(target) : List.of(source, target));
    vm.awaitProgress();
    return place;
  }

  private static boolean isCommitted(MigrationState state) {
    return switch (state) {
      case RESUME, SETTLE, DONE -> true;
      default -> false;
    };
  }

  private static MigrateVm forced(String target, String... subs) {
    List<SubShare> shares = new ArrayList<>();
    for (String sub : subs) {
      shares.add(new SubShare(sub, 0));
    }
    long main = subs.length == 0 ? 0 : SplitLab.MAIN_BYTES;
    return new MigrateVm(target, main, shares, 50, BANDWIDTH, 1, TimeoutAction.FORCE, false);
  }

  /** Holds the device state up in front of the waiting QEMU until the migration has come to it. */
  private static MigrationState holdThenAwait(
      String source, String target, String migration, MigrationState moment) throws Exception {
    long waiting = lab.host(target).vm("vm").pid();
    Signals.send("STOP", waiting);
    MigrationState seen;
    try {
      seen = await(source, migration, MigrationState.SEND_BODY);
      if (moment == MigrationState.SEND_BODY) {
        return seen;
      }
    } finally {
      Signals.send("CONT", waiting);
    }
    return await(source, migration, moment);
  }

  /** Follows a migration as closely as can be, until it has come that far. */
  private static MigrationState await(String source, String migration, MigrationState moment)
      throws OperationException {
    while (true) {
      MigrationState state = lab.host(source).migration(migration).state();
      if (state.compareTo(moment) >= 0) {
        return state;
      }
    }
  }

  /** The one host that has the VM, when it runs there and all others know nothing of it. */
  private static String onlyPlace() throws OperationException, IOException {
    List<String> places = new ArrayList<>();
    int qemus = 0;
    for (LabHost host : lab.lab().hosts()) {
      String name = host.plan().name();
      for (VmReport vm : lab.host(name).vms()) {
        places.add(vm.state() == VmState.RUNNING ? name : name + " " + vm.state());
      }
      for (long pid : host.processes()) {
        qemus += isQemu(pid) ? 1 : 0;
      }
    }
    boolean one = places.size() == 1 && qemus == 1 && !places.getFirst().contains(" ");
    return one ? places.getFirst() : "";
  }

  private static boolean isQemu(long pid) throws IOException {
    Path name = Path.of("/proc/" + pid + "/comm");
    return Files.exists(name) && Files.readString(name).startsWith("qemu-system");
  }
}
