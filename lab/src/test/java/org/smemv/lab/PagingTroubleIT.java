package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smemv.linux.ForeignSystemCalls;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** A VM with half of its memory on two sub-hosts, and what its paging must get over. */
class PagingTroubleIT {
  private static final Duration SOON = Duration.ofMinutes(2);

  /** Bytes a second: a round over the main part takes some seconds. */
  private static final long SLOWLY = 16 * SplitLab.MIB;

  private static final long SYS_DUP2 = 33;
  private static final long STANDARD_OUTPUT = 1;

  private static SplitLab lab;
  private static SharedVm shared;
  private TestVm vm;
  private VmReport split;

  @BeforeAll
  static void up() {
    lab = SplitLab.up("256M", "256M", "256M", "256M");
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

  @BeforeEach
  void start() throws Exception {
    vm = shared.split(1);
    split = awaitPaging();
  }

  private static VmReport awaitPaging() {
    return lab.awaitVm(
        "h2",
        "vm",
        r -> r.state() == VmState.RUNNING && r.faults().remote() > 0 && r.evictions().count() > 0);
  }

  @Test
  void anAgentThatIsKilledWhileQemusMainLoopWaitsForAPageIsFoundAgain() throws Exception {
    try (HumanMonitor monitor = HumanMonitor.of(lab.lab().host("h2"), "vm")) {
      try (Signals.Stopped _ = Signals.stopAgents(lab.lab(), "h3", "h4")) {
        // All of the memory, so also what is away.
        monitor.begin("pmemsave 0 " + SplitLab.VM_BYTES + " \"/dev/null\"");
        Awaitility.await("QEMU's main loop waits for a page")
            .atMost(SOON)
            .until(() -> isWaitingForAPage(split.pid()));
        lab.lab().killAgent("h2");
        lab.lab().startAgent("h2");
        assertThat(isWaitingForAPage(split.pid())).isTrue();
      }
      VmReport back = awaitPaging();
      assertThat(back.pid()).isEqualTo(split.pid());
      assertThat(back.subs()).allMatch(VmReport.Sub::connected);
      monitor.awaitPrompt();
    }
    shared.passed();
  }

  /** Of a process, its first thread, which in QEMU runs the main loop. */
  private static boolean isWaitingForAPage(long pid) throws IOException {
    return Files.readString(Path.of("/proc/" + pid + "/wchan")).equals("handle_userfault");
  }

  @Test
  void aSubHostThatIsStoppedLosesItsConnectionAndTheVmGoesOnWhenItIsContinued() throws Exception {
    long begun = System.nanoTime();
    VmReport away;
    try (Signals.Stopped _ = Signals.stopAgents(lab.lab(), "h3")) {
      away = lab.awaitVm("h2", "vm", r -> !isConnected(r, "h3"));
    }
    // Not at once: what is only slow keeps its connection.
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofSeconds(9));
    assertThat(away.state()).isEqualTo(VmState.STALLED);
    assertThat(away.reason()).contains("h3", "MiB", "cannot be reached");
    assertThat(isConnected(away, "h4")).isTrue();

    VmReport back = lab.awaitVm("h2", "vm", r -> r.state() == VmState.RUNNING);
    assertThat(isConnected(back, "h3")).isTrue();
    TestVm.assertAddsUp(back);
    shared.passed();
  }

  private static boolean isConnected(VmReport report, String sub) {
    return report.subs().stream().anyMatch(s -> s.host().equals(sub) && s.connected());
  }

  @Test
  void pagingThatBreaksInTheMiddleOfAnEvictionIsStartedAgainInTheSameAgent() throws Exception {
    long agent = lab.lab().agent("h2").orElseThrow().pid();
    awaitPagingAgainAfterItBroke(1);

    // The second time in the middle of a move, which began with what the new pager does not have.
    MigrationReport begun =
        lab.host("h2").migrate("vm", SplitLab.toMain("h1", SplitLab.MAIN_BYTES, SLOWLY));
    awaitMove(begun, report -> report.state() == MigrationState.COPY);
    awaitPagingAgainAfterItBroke(2);
    MigrationReport ended = awaitMove(begun, report -> report.state().isOverOrStalled());
    assertThat(ended.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(ended.reason()).contains("paging broke meanwhile");
    lab.awaitAllFree("h1");

    assertThat(count(lab.lab().host("h2").plan().log(), "the evictor broke")).isEqualTo(2);
    assertThat(lab.lab().agent("h2").orElseThrow().pid()).isEqualTo(agent);
    shared.passed();
  }

  private void awaitPagingAgainAfterItBroke(int times) throws Exception {
    Path log = lab.lab().host("h2").plan().log();
    breakEvictions(lab.lab().agent("h2").orElseThrow().pid(), split.pid());
    Awaitility.await("paging goes on")
        .atMost(SOON)
        .until(() -> count(log, "VM vm: paging goes on") == times);
    VmReport back = awaitPaging();
    assertThat(back.subs()).allMatch(VmReport.Sub::connected);
    TestVm.assertAddsUp(back);
    vm.awaitProgress();
  }

  private static MigrationReport awaitMove(
      MigrationReport begun, Predicate<MigrationReport> wanted) {
    return Awaitility.await("the move of the VM")
        .atMost(SOON)
        .until(() -> lab.host("h2").migration(begun.id()), wanted);
  }

  /**
   * Puts something else in the place of the pipe through which the agent looks at pages that it has
   * just punched out of the guest: the next eviction fails when its pages are in QEMU's pipe only.
   */
  private static void breakEvictions(long agent, long qemu) throws IOException {
    Set<String> inQemu = new TreeSet<>();
    descriptors(qemu).forEach(fd -> inQemu.add(target(fd)));
    List<Path> ends = new ArrayList<>();
    for (Path fd : descriptors(agent)) {
      if (target(fd).startsWith("pipe:") && !inQemu.contains(target(fd)) && isWritable(fd)) {
        ends.add(fd);
      }
    }
    assertThat(ends).as("pipes that the agent shares with nobody").hasSize(1);
    long end = Long.parseLong(ends.getFirst().getFileName().toString());
    long result =
        ForeignSystemCalls.inside(agent, calls -> calls.call(SYS_DUP2, STANDARD_OUTPUT, end));
    assertThat(result).isEqualTo(end);
  }

  private static List<Path> descriptors(long pid) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return all.toList();
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }

  private static boolean isWritable(Path descriptor) throws IOException {
    return Files.getPosixFilePermissions(descriptor, LinkOption.NOFOLLOW_LINKS)
        .contains(PosixFilePermission.OWNER_WRITE);
  }

  private static long count(Path log, String words) throws IOException {
    return Files.readAllLines(log).stream().filter(line -> line.contains(words)).count();
  }
}
