package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.DirectoryHost;
import org.smemv.node.api.DirectoryVm;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.VmReport;
import org.smemv.node.command.SmemvCommand;
import picocli.CommandLine;

/**
 * Agents and the directory die at each step in which a host is emptied, exactly at that step: the
 * host is empty in the end, the VM has lost nothing, and nothing stays reserved.
 */
@Timeout(400)
class DrainTroubleIT {
  private static final List<String> HOSTS = List.of("h1", "h2", "h3", "h4");
  private static final Duration MOVES = Duration.ofMinutes(2);
  private static final Duration DIES = Duration.ofMinutes(1);

  /** Far more than this is sent in all, so the copying is under way. */
  private static final long SOME_BYTES = 8 * SplitLab.MIB;

  private static SplitLab lab;
  private static LabDirectory directory;
  private static SharedVm shared;

  /** What an agent reserved before it died may stand beside what the next one reserves. */
  @BeforeAll
  static void up() {
    lab = SplitLab.up(_ -> LabDirectory.AGENT_OPTIONS, "384M", "640M", "192M", "384M");
    directory = LabDirectory.start(lab.lab());
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
  void drainNothing() throws Exception {
    lab.mend();
    draining(false, "h1", "h2", "h3", "h4");
  }

  @Test
  void aHostIsEmptiedOfItsVmWhicheverAgentDiesWhileItMoves() throws Exception {
    TestVm vm = shared.whole(1);
    draining(true, "h3", "h4"); // so that there is one way to go, whoever is away
    draining(true, "h1");
    awaitCopying("h1");
    lab.lab().killAgent("h1");
    lab.lab().startAgent("h1");
    awaitCopying("h1");
    lab.lab().killAgent("h2");
    die("h2", new Death("h1", ": SEND_BODY", "h1"), new Death("h1", ": RESUME", "h1"));
    awaitEmpty("h1");
    assertGoesOnAt("h2", vm);

    draining(false, "h1");
    foretell(new Death("h1", "taken from", "h1"));
    draining(true, "h2");
    awaitDeath("h1");
    die("h1", new Death("h2", ": SETTLE", "h2"));
    awaitEmpty("h2");
    assertGoesOnAt("h1", vm);
    shared.passed();
  }

  /** What it leaves follows: that is when such a host is emptied. */
  @Test
  @EnabledIfSystemProperty(named = SplitLab.ALL, matches = "true")
  void aHostIsEmptiedOfWhatItsVmLeftWhicheverAgentDiesMeanwhile() throws Exception {
    TestVm vm = shared.whole(1);
    draining(true, "h3", "h4");
    foretell(new Death("h1", "it has left", "h1"));
    lab.host("h1").setDraining(new SetDraining(true, 0, MigrationMode.POSTCOPY, false));
    awaitDeath("h1");
    die(
        "h1",
        new Death("h2", "connected to sub-host h1", "h2"),
        new Death("h2", "is drained", "h1"));
    awaitEmpty("h1");
    assertGoesOnAt("h2", vm);
    shared.passed();
  }

  @Test
  void aHostIsEmptiedOfAShareWhicheverAgentDiesMeanwhile() throws Exception {
    TestVm vm = shared.whole(1);
    lab.migrate(vm, stay(SplitLab.MAIN_BYTES, "h3"));
    startFiller();
    draining(true, "h2");

    foretell(new Death("h1", "migration to h1: RESERVE", "h4"));
    draining(true, "h3");
    awaitDeath("h4");
    die("h4", new Death("h1", "its memory is placed anew", "h1"));
    Awaitility.await("pages go from h3 to h4")
        .atMost(MOVES)
        .pollInterval(Duration.ofMillis(20))
        .ignoreExceptionsInstanceOf(OperationException.class)
        .until(() -> bytesHeldBy("h4") > SOME_BYTES);
    lab.lab().killAgent("h1");
    // Nothing of the VM is there any more, so nothing is lost with that agent.
    die("h1", new Death("h1", "sub-host h3 is drained", "h3"));
    awaitEmpty("h3");
    lab.host("h1").stop("filler");
    VmReport now = assertGoesOnAt("h1", vm);
    assertThat(now.subs()).extracting(VmReport.Sub::host).containsExactly("h4");
    lab.migrate(vm, stay(SplitLab.VM_BYTES));
    shared.passed();
  }

  @Test
  void aMoveAndADrainGoOnWithoutTheDirectoryAndTheNextOneKnowsAllHosts() throws Exception {
    TestVm vm = shared.whole(1);
    awaitKnown("h1");
    MortalAgent.foretell(lab.lab().plan().host("h1"), "migration to h4: COPY", directory.process());
    CompletableFuture<String> move =
        CompletableFuture.supplyAsync(
            () -> smemv("vm", "migrate", "vm", "--auto", "--directory", directory.address()));
    awaitDirectoryDies(move);
    assertThat(move.join()).contains("VM vm moved from h1", "exit code 0");
    directory.startAfterDeath();
    awaitKnown("h4");

    // Its plan must do without the directory.
    MortalAgent.foretell(lab.lab().plan().host("h4"), "this host is draining", directory.process());
    CompletableFuture<String> drain =
        CompletableFuture.supplyAsync(() -> smemv("host", "drain", "h4"));
    awaitDirectoryDies(drain);
    assertThat(drain.join()).contains("exit code 0");
    awaitEmpty("h4");
    directory.startAfterDeath();
    awaitKnown("h1");
    assertGoesOnAt("h1", vm);
    shared.passed();
  }

  /** At that line of the first one's log the other one's agent dies. */
  private record Death(String teller, String line, String victim) {}

  private static void foretell(Death death) throws Exception {
    MortalAgent.foretellDeath(lab.lab().plan().host(death.teller()), death.line(), death.victim());
  }

  private static void awaitDeath(String host) {
    RecordedProcess agent = lab.lab().agent(host).orElseThrow();
    Awaitility.await("the agent of " + host + " dies").atMost(DIES).until(() -> !agent.isAlive());
  }

  /**
   * An agent that is dead comes back; then one after the other dies and comes back. What is to come
   * is always foretold before anybody goes on.
   */
  private static void die(String dead, Death... deaths) throws Exception {
    String back = dead;
    for (Death death : deaths) {
      foretell(death);
      lab.lab().startAgent(back);
      awaitDeath(death.victim());
      back = death.victim();
    }
    lab.lab().startAgent(back);
  }

  private static void awaitCopying(String source) {
    Awaitility.await("pages are copied")
        .atMost(MOVES)
        .pollInterval(Duration.ofMillis(10))
        .ignoreExceptionsInstanceOf(OperationException.class)
        .until(
            () ->
                lab.host(source).migrations().stream()
                    .anyMatch(
                        m ->
                            m.state() == MigrationState.COPY
                                && m.ram().transferred() > SOME_BYTES));
  }

  private static long bytesHeldBy(String host) throws OperationException {
    return lab.host(host).host().shares().stream().mapToLong(share -> share.pages() << 12).sum();
  }

  private static void draining(boolean wanted, String... hosts) throws OperationException {
    for (String host : hosts) {
      lab.host(host).setDraining(new SetDraining(wanted));
    }
  }

  private static void awaitEmpty(String host) {
    Awaitility.await(host + " is empty")
        .atMost(MOVES)
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptionsInstanceOf(OperationException.class)
        .until(() -> lab.host(host).drain(), r -> r.state() == DrainReport.State.EMPTY);
    lab.awaitAllFree(host);
  }

  private static VmReport assertGoesOnAt(String host, TestVm vm) throws Exception {
    assertThat(OnlyPlace.await(lab)).isEqualTo(host);
    vm.awaitProgress();
    VmReport now = lab.host(host).vm(vm.name());
    TestVm.assertAddsUp(now);
    LeftBehind left = new LeftBehind(lab, HOSTS);
    Awaitility.await("nothing is reserved that nobody needs")
        .atMost(MOVES)
        .untilAsserted(left::assertNoGrantIsLeftOver);
    return now;
  }

  private static MigrateVm stay(long mainBytes, String... subs) {
    List<SubShare> shares = new ArrayList<>();
    for (String sub : subs) {
      shares.add(new SubShare(sub, 0));
    }
    return new MigrateVm("h1", mainBytes, shares, null, 0, 0, 0, null, false);
  }

  /** So that h1 has no room for what comes back from a sub-host. */
  private static void startFiller() throws OperationException {
    HostOperations h1 = lab.host("h1");
    h1.start(
        new StartVm("filler", 192 * SplitLab.MIB, 1, null, null, null, null, null, "tcg", null));
  }

  private static void awaitDirectoryDies(CompletableFuture<String> command) {
    Awaitility.await("the directory dies")
        .atMost(DIES)
        .until(() -> command.isDone() || !directory.process().isAlive());
    assertThat(directory.process().isAlive()).as(() -> command.getNow("")).isFalse();
  }

  /** The directory has heard of all hosts how they are now, and that the VM is there. */
  private static void awaitKnown(String host) {
    Awaitility.await("the directory knows all hosts")
        .atMost(MOVES)
        .ignoreExceptionsInstanceOf(OperationException.class)
        .untilAsserted(
            () -> {
              assertThat(directory.operations().hosts())
                  .hasSize(HOSTS.size())
                  .noneMatch(DirectoryHost::lost);
              for (DirectoryHost known : directory.operations().hosts()) {
                HostReport now = lab.host(known.name()).host();
                assertThat(known.freeBytes()).isEqualTo(now.freeBytes());
                assertThat(known.draining()).isEqualTo(now.draining());
              }
              assertThat(directory.operations().vms())
                  .extracting(DirectoryVm::host)
                  .containsExactly(host);
            });
  }

  private static String smemv(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--hosts-file", lab.lab().hostsFile().toString()));
    all.addAll(List.of(arguments));
    StringWriter said = new StringWriter();
    CommandLine command = SmemvCommand.commandLine();
    command.setOut(new PrintWriter(said)).setErr(new PrintWriter(said));
    int exit = command.execute(all.toArray(String[]::new));
    return said + "exit code " + exit;
  }
}
