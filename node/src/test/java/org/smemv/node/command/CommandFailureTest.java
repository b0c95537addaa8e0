package org.smemv.node.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smemv.node.api.ErrorCode;
import picocli.CommandLine;

/** What is wrong with a command, a host or an answer ends with its exit code. */
@Timeout(30)
class CommandFailureTest extends TwoHosts {
  @Test
  void anUnreachableHostIsAWarningForListsAndTheRestIsShown() throws IOException {
    writeHosts("h1", "h3");
    assertThat(smemv("vm", "list")).isZero();
    assertThat(out.toString()).contains("vm1");
    assertThat(err.toString()).contains("warning: host h3 is unreachable");
  }

  @Test
  void aVmThatNoAnsweringHostKnowsMayBeOnTheSilentOne() throws IOException {
    writeHosts("h1", "h3");
    assertThat(smemv("vm", "status", "vm7")).isEqualTo(3);
    assertThat(err.toString()).contains("unreachable: h3");
  }

  @ParameterizedTest
  @CsvSource({
    "CAPACITY, 5", "UNSUITABLE, 5", "BUSY, 5", "ALREADY_EXISTS, 5", "UNREACHABLE_HOST, 3",
    "STALLED, 6", "FAILED, 1", "INTERNAL, 1", "NOT_FOUND, 4", "BAD_REQUEST, 2"
  })
  void everyErrorOfAHostHasItsExitCode(ErrorCode code, int exit) throws IOException {
    h1.failWith(code, "told by h1");
    assertThat(smemv("vm", "migrate", "vm1", "--main", "h2", "--json")).isEqualTo(exit);
    assertThat(err.toString()).contains("told by h1");
    assertThat(json().path("code").asText()).isEqualTo(code.name());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vm | 2 | needs one of",
        "vm start | 2 | Missing required",
        "vm start v --host h1 --memory 1X | 2 | not a size",
        "vm start v --host h1 --memory 0 | 2 | 1 byte",
        "vm start v --host h1 --memory 5 | 2 | whole MiB",
        "vm start v --host h1 --memory 1G --cpus 0x | 2 | cpus",
        "vm start v --host h1 --memory 1G --cpus 999 | 2 | cpus",
        "vm start ../v --host h1 --memory 1G | 2 | VM name",
        "vm start v --host h9 --memory 1G | 4 | unknown host h9",
        "vm start v --host h3 --memory 1G | 4 | unknown host h3",
        "vm start v --host h1 --memory 1G --net bridge=b | 2 | mac",
        "vm start v --host h1 --memory 1G --net bridge=b,mac=x | 2 | 52:54:00",
        "vm start v --host h1 --memory 1G --initrd /i | 2 | kernel",
        "vm start v --host h1 --memory 1G -- -m 4G | 2 | --memory",
        "vm start v --host h1 --memory 1G -- -device vfio-pci | 2 | vfio-pci",
        "vm start v --host h1 --memory 1G --accel hvf | 2 | kvm or tcg",
        "vm attach v --host h1 --pid x --qmp /q | 2 | pid",
        "vm attach v --host h1 --pid 1 --qmp /q | 2 | pid",
        "vm migrate vm1 | 2 | --main",
        "vm migrate vm1 --main h1 | 2 | --main-memory",
        "vm migrate vm1 --main h1 --sub h3 --timeout 5 | 2 | leave out --timeout",
        "vm migrate vm1 --sub h3 --downtime-limit 300 | 2 | leave out --downtime-limit",
        "vm migrate vm1 --main h2 --sub h2 | 2 | h2",
        "vm migrate vm1 --main h2 --sub h3 --sub h3 | 2 | twice",
        "vm migrate vm1 --main h2 --sub h3:big | 2 | HOST:SIZE",
        "vm migrate vm1 --main h2 --main-memory 1000 | 2 | 4096",
        "vm migrate vm1 --main h2 --downtime-limit -1 | 2 | downtime limit",
        "vm migrate vm1 --main h2 --downtime-limit 0 | 2 | downtime-limit",
        "vm migrate vm1 --main h2 --max-bandwidth fast | 2 | not a rate",
        "vm migrate vm1 --main h2 --max-bandwidth 1k | 2 | 125000",
        "vm migrate vm1 --main h2 --timeout -5 | 2 | timeout",
        "vm migrate vm1 --main h2 --on-timeout wait | 2 | on-timeout",
        "vm migrate vm7 --main h2 | 4 | no host knows VM vm7",
        "vm set-main-memory vm1 12 | 2 | 4096",
        "vm status vm1 --host h9 | 4 | unknown host",
        "vm status vm7 --host h1 | 4 | no VM vm7",
        "vm nonsense | 2 | nonsense",
        "agent --name h1 | 2 | Missing required",
        "agent --name / --data 1.2.3.4:5 --api unix:/a --state /s --capacity 1G | 2 | --name",
        "agent --name h1 --data x:5 --api unix:/a --state /s --capacity 1G | 2 | IP address",
        "agent --name h1 --data 1.2.3.4:5 --api /a --state /s --capacity 1G | 2 | unix:",
        "agent --name h1 --data 1.2.3.4:5 --api http://1.2.3.4:5 --state /s --capacity 1G | 2 | no"
            + " authentication",
        "agent --name h1 --data 1.2.3.4:5 --api unix:/a --state /s --capacity 5 | 2 | 4096",
      })
  void badInputEndsWithItsExitCodeAndChangesNothing(String arguments, int exit, String word) {
    assertThat(smemv(arguments.split(" "))).as(err.toString()).isEqualTo(exit);
    assertThat(err.toString()).contains(word);
    assertThat(h1.requests).isEmpty();
    assertThat(h2.requests).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--json vm | needs one of",
        "vm migrate vm1 --json | --main",
        "--json vm migrate vm1 --main h2 --main-memory big | not a size",
        "vm migrate vm1 --main h2 --downtime-limit 0 --json | downtime-limit",
        "vm start v --host h1 --memory 5 --json -- -cpu max | whole MiB",
        "vm nonsense --json | nonsense",
      })
  void aUsageErrorIsJsonWhereJsonIsWanted(String arguments, String word) throws IOException {
    assertThat(smemv(arguments.split(" "))).isEqualTo(2);
    assertThat(json().path("code").asText()).isEqualTo("BAD_REQUEST");
    assertThat(json().path("message").asText()).contains(word);
    assertThat(err.toString()).contains(word).doesNotContain("Usage:");
  }

  @Test
  void jsonBehindTheEndOfTheOptionsIsQemus() {
    assertThat(smemv("vm start v --host h1 --memory 5 -- --json".split(" "))).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void aMissingHostsFileIsAUsageErrorThatSaysWhatToDo() {
    assertThat(smemv("--hosts-file", "/nonexistent/hosts.json", "vm", "list")).isEqualTo(2);
    hostsFile = directory.resolve("none.json");
    assertThat(smemv("vm", "list")).isEqualTo(2);
    assertThat(err.toString()).contains("SMEMV_HOSTS");
  }

  @Test
  void theHelpListsExactlyTheExitCodesThatAreUsed() {
    String[] listed =
        new CommandLine(new SmemvCommand())
            .getCommandSpec().usageMessage().exitCodeList().entrySet().stream()
                .map(entry -> entry.getKey() + ":" + entry.getValue())
                .toArray(String[]::new);
    assertThat(listed)
        .containsExactly(
            Arrays.stream(ExitCode.values())
                .map(code -> code.number() + ":" + code.meaning())
                .toArray(String[]::new));
    assertThat(smemv("vm", "migrate", "--help")).isZero();
    assertThat(out.toString()).contains("Exit codes:", "--downtime-limit", "--json");
  }

  @Test
  void withoutACommandTheChoicesAreNamed() {
    assertThat(smemv()).isEqualTo(2);
    assertThat(err.toString()).contains("vm, host, agent");
  }
}
