package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.linux.JavaCommand;
import org.smemv.node.command.SmemvCommand;

/** What the program says to those who lack a right that it needs: one sentence, with the remedy. */
@Timeout(120)
class PrivilegesTest {
  /** Not root, but able to read this build wherever it is. */
  private static final List<String> NOT_ROOT =
      List.of(
          "setpriv",
          "--reuid=65534",
          "--clear-groups",
          "--inh-caps=+dac_read_search",
          "--ambient-caps=+dac_read_search");

  @TempDir private Path directory;

  private static List<String> rootWithout(String capability) {
    return List.of("setpriv", "--bounding-set=-" + capability, "--inh-caps=-" + capability);
  }

  private static ExternalProgram.Result smemv(List<String> rights, String... arguments) {
    List<String> command = new ArrayList<>(rights);
    command.addAll(
        JavaCommand.of(
            SmemvCommand.class, List.of("-XX:TieredStopAtLevel=1"), (Object[]) arguments));
    return ExternalProgram.of(command).withTimeout(Duration.ofSeconds(60)).run();
  }

  private ExternalProgram.Result agent(List<String> rights) {
    return smemv(
        rights,
        "agent",
        "--name=h1",
        "--data=127.0.0.1:7400",
        "--api=unix:" + directory.resolve("api/socket"),
        "--state=" + directory.resolve("state"),
        "--capacity=64M",
        "--hosts-file=" + directory.resolve("hosts.json"));
  }

  private static void assertSays(ExternalProgram.Result result, String... words) {
    assertThat(result.exit()).as(result.errors()).isEqualTo(1);
    assertThat(result.output()).isEmpty();
    assertThat(result.errors().lines())
        .singleElement()
        .asString()
        .startsWith("smemv: ")
        .contains(words);
  }

  @Test
  void anAgentWithoutRootSaysSoAndLeavesNothing() {
    assertSays(agent(NOT_ROOT), "must run as root", "page faults", "tmpfs");
    assertThat(Files.exists(directory.resolve("state"))).isFalse();
  }

  @Test
  void anAgentOfRootThatMayNotTakeOverPageFaultsNamesTheCapability() throws Exception {
    assumeThat(Files.readString(Path.of("/proc/sys/vm/unprivileged_userfaultfd"))).startsWith("0");
    assertSays(agent(rootWithout("sys_ptrace")), "page faults", "CAP_SYS_PTRACE", "containers");
    assertThat(Files.exists(directory.resolve("state"))).isFalse();
  }

  @Test
  void anAgentOfRootThatMayNotMountNamesTheCapability() {
    assertSays(agent(rootWithout("sys_admin")), "mount", "CAP_SYS_ADMIN", "containers");
  }

  @Test
  void theDemoAndTheLabWithoutRootSaySo() {
    for (String command : List.of("demo", "lab up", "lab down")) {
      assertSays(smemv(NOT_ROOT, command.split(" ", -1)), "the lab", "run it as root");
    }
  }
}
