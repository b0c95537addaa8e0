package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A lab in the real kernel, with a sleeping program in the agents' place. */
class LabIT {
  private static final LabPlan PLAN = LabPlan.of(2, List.of("256M", "128M"), "100mbit", 1500);

  @AfterEach
  void remove() {
    Lab.down();
  }

  @Test
  void aLinkIsAsFastAsItIsAskedToBeInBothDirections() {
    Lab lab = Lab.up(PLAN, new SleepingAgent());
    Process server =
        lab.host("h2").start("iperf3", "--server", "--one-off", "--logfile", "/dev/null");
    try {
      assertThat(Pause.until(Duration.ofSeconds(10), () -> listens(lab))).isTrue();
      String report =
          lab.host("h1").exec("iperf3", "-c", "10.77.0.2", "-t", "2", "-f", "m", "--bidir");
      List<Double> rates =
          Pattern.compile("([\\d.]+) Mbits/sec +receiver")
              .matcher(report)
              .results()
              .map((MatchResult match) -> Double.valueOf(match.group(1)))
              .toList();
      assertThat(rates).hasSize(2).allSatisfy(rate -> assertThat(rate).isBetween(50.0, 110.0));
    } finally {
      server.destroyForcibly();
    }
  }

  private static boolean listens(Lab lab) {
    return lab.host("h2").exec("ss", "-ltn").contains(":5201");
  }

  @Test
  void aCutLinkSeparatesOneHostFromTheOthers() {
    Lab lab = Lab.up(PLAN, new SleepingAgent());
    assertThat(lab.client().reaches("10.77.0.1")).isTrue();
    assertThat(lab.client().reaches("10.77.0.2")).isTrue();

    lab.host("h2").cutLink();
    assertThat(lab.client().reaches("10.77.0.2")).isFalse();
    assertThat(lab.client().reaches("10.77.0.1")).isTrue();

    lab.host("h2").restoreLink();
    assertThat(lab.client().reaches("10.77.0.2")).isTrue();
  }

  @Test
  void aHostSeesItsOwnNetworkAndTheMachinesFiles() throws IOException {
    Lab lab = Lab.up(PLAN, new SleepingAgent());

    assertThat(lab.host("h1").exec("ip", "-o", "addr"))
        .contains("10.77.0.1/16")
        .doesNotContain("eth0");
    assertThat(lab.host("h1").exec("cat", "/proc/self/cgroup")).contains("smemv/h1");
    assertThat(lab.host("h1").exec("readlink", "/proc/self/ns/mnt").strip())
        .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")).toString());
  }

  @Test
  void aHostCannotUseMoreMemoryThanItHas() {
    Lab lab = Lab.up(PLAN, new SleepingAgent());
    long limit = lab.host("h2").memory().limit();
    assertThat(limit).isEqualTo((128L << 20) + HostPlan.OVERHEAD_BYTES);
    lab.host("h2").limitMemory(64L << 20);

    // The shell's own variable grows until the kernel ends it.
    assertThatThrownBy(
            () -> lab.host("h2").exec("sh", "-c", "x=1234567890123456; while :; do x=$x$x; done"))
        .hasMessageContaining("status 137");
  }

  @Test
  void anAgentIsKilledAndStartedAgain() {
    Lab lab = Lab.up(PLAN, new SleepingAgent());
    RecordedProcess first = lab.agent("h1").orElseThrow();
    assertThat(lab.host("h1").processes()).contains(first.pid());

    lab.killAgent("h1");
    assertThat(first.isAlive()).isFalse();
    assertThat(lab.agent("h2").orElseThrow().isAlive()).isTrue();

    lab.startAgent("h1");
    assertThat(lab.agent("h1").orElseThrow().isAlive()).isTrue();
    assertThatThrownBy(() -> lab.startAgent("h1")).hasMessageContaining("running already");
  }

  @Test
  void anotherProcessFindsTheLab() {
    Lab.up(PLAN, new SleepingAgent());

    assertThat(Lab.running().plan()).isEqualTo(PLAN);
    assertThat(Lab.running().hostsFile()).content().contains("\"h2\"", "10.77.0.2:7400", "unix:");
  }

  @Test
  void aSecondLabIsRefusedAndTheFirstGoesOn() {
    Lab lab = Lab.up(PLAN, new SleepingAgent());

    assertThatThrownBy(() -> Lab.up(PLAN, new SleepingAgent()))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("already up");
    assertThat(lab.agent("h1").orElseThrow().isAlive()).isTrue();
  }

  @Test
  void whoeverChangesTheLabKeepsOthersOut() {
    try (LabLock _ = LabLock.take()) {
      assertThatThrownBy(Lab::down).hasMessageContaining("another program");
      assertThatThrownBy(() -> Lab.up(PLAN, new SleepingAgent()))
          .hasMessageContaining("another program");
    }
  }

  @Test
  void aHostKeepsItsHardwareAddressWhateverIsPluggedIntoItsBridge() {
    Lab lab = Lab.up(PLAN, new SleepingAgent());
    LabHost host = lab.host("h1");
    String before = host.exec("ip", "-br", "link", "show", "br0");

    host.addTap("tap-low");
    host.exec("ip", "link", "set", "tap-low", "address", "02:00:00:00:00:01");

    assertThat(host.exec("ip", "-br", "link", "show", "br0")).isEqualTo(before);
  }

  @Test
  void downRemovesEverythingAndIsDoneAtOnceTheSecondTime() {
    Lab lab = Lab.up(PLAN, new SleepingAgent());
    RecordedProcess agent = lab.agent("h1").orElseThrow();
    String ram = lab.plan().host("h1").folder().resolve("state/ram").toString();
    lab.host("h1").exec("mkdir", "-p", ram);
    lab.host("h1").exec("mount", "-t", "tmpfs", "ram", ram);
    lab.host("h1").addTap("tap-x");

    Lab.down();

    assertNothingIsLeft();
    assertThat(agent.isAlive()).isFalse();
    Lab.down();
    assertThatThrownBy(Lab::running).hasMessageContaining("no lab is up");
  }

  @Test
  void downRemovesAHalfMadeLabAndOneWhoseFilesAreLost() throws IOException {
    Lab lab = Lab.up(PLAN, new SleepingAgent());
    RecordedProcess agent = lab.agent("h2").orElseThrow();
    LabNetwork.SWITCH.delete();
    Files.delete(LabFiles.STATE);

    Lab.down();

    assertNothingIsLeft();
    assertThat(agent.isAlive()).isFalse();
  }

  @Test
  void anAgentThatEndsAtOnceLeavesItsLastWordsAndNoLab() {
    AgentProgram broken =
        new SleepingAgent() {
          @Override
          public List<String> command(HostPlan host) {
            return List.of("sh", "-c", "echo cannot bind; exit 1");
          }

          @Override
          public boolean answers(HostPlan host) {
            return false;
          }
        };

    assertThatThrownBy(() -> Lab.up(PLAN, broken))
        .hasMessageContaining("agent of h1 ended")
        .hasMessageContaining("cannot bind");
    assertNothingIsLeft();
  }

  private static void assertNothingIsLeft() {
    assertThat(LabNetwork.existing()).isEmpty();
    assertThat(MemoryHierarchy.ofMachine().existing()).isEmpty();
    assertThat(MountTable.below(LabFiles.LAB)).isEmpty();
    assertThat(LabFiles.LAB).doesNotExist();
    assertThat(LabFiles.HOSTS).doesNotExist();
  }
}
