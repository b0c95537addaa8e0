package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.smemv.node.command.SmemvCommand;
import picocli.CommandLine;

/** The commands on a lab that another part of the program started. */
class LabCommandIT {
  @AfterEach
  void remove() {
    Lab.down();
  }

  @Test
  void statusShowsEachHostAsATableAndAsData() throws Exception {
    Lab lab =
        Lab.up(LabPlan.of(2, List.of("256M", "1G"), "100mbit,10gbit", 1500), new SleepingAgent());
    lab.killAgent("h2");

    assertThat(outputOf("status"))
        .containsPattern("h1 +10.77.0.1 +100mbit +pid \\d+ +256M")
        .containsPattern("h2 +10.77.0.2 +10gbit +dead \\(\\d+\\) +1G");
    JsonNode rows = new ObjectMapper().readTree(outputOf("status", "--json"));
    assertThat(rows).hasSize(2);
    assertThat(rows.get(0).path("agentAlive").asBoolean()).isTrue();
    assertThat(rows.get(1).path("agentAlive").asBoolean()).isFalse();
    assertThat(rows.get(1).path("capacityBytes").asLong()).isEqualTo(1L << 30);
  }

  @Test
  void execEndsWithTheProgramsOwnStatus() {
    Lab.up(LabPlan.of(1, List.of("256M"), "1gbit", 1500), new SleepingAgent());

    assertThat(run("exec", "h1", "--", "sh", "-c", "exit 42")).isEqualTo(42);
    assertThat(run("exec", "client", "--", "test", "-d", "/proc")).isZero();
  }

  @Test
  void downWithoutALabIsNoError() {
    assertThat(run("down")).isZero();
    assertThat(run("down")).isZero();
  }

  @Test
  void aSubcommandIsNeeded() {
    assertThat(run()).isEqualTo(CommandLine.ExitCode.USAGE);
  }

  private static int run(String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "lab";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return SmemvCommand.commandLine().execute(all);
  }

  private static String outputOf(String... arguments) {
    PrintStream console = System.out;
    ByteArrayOutputStream caught = new ByteArrayOutputStream();
    System.setOut(new PrintStream(caught, true, StandardCharsets.UTF_8));
    try {
      assertThat(run(arguments)).isZero();
    } finally {
      System.setOut(console);
    }
    return caught.toString(StandardCharsets.UTF_8);
  }
}
