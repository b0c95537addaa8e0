package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvCommand;

/** What ends before any lab is touched. */
class LabCommandTest {
  private final StringWriter output = new StringWriter();
  private final StringWriter errors = new StringWriter();

  private int run(String line) {
    return SmemvCommand.commandLine()
        .setOut(new PrintWriter(output))
        .setErr(new PrintWriter(errors))
        .execute(line.split(" "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          lab up --hosts 3 --memory 1G,2G | 3 hosts but 2 memory sizes
          lab up --memory much | much
          lab up --hosts 99 | 1 to 32 hosts
          lab up --link fast | no link rate
          lab up --link 1gbit,10gbit | 4 hosts but 2 link rates
          lab up --mtu 1 | MTU
          """)
  void sizesThatMakeNoSenseAreAWrongCommandLine(String line, String message) throws Exception {
    assertThat(run(line)).isEqualTo(ExitCode.USAGE.number());
    assertThat(errors.toString().lines().findFirst().orElseThrow()).contains(message);

    assertThat(run(line + " --json")).isEqualTo(ExitCode.USAGE.number());
    JsonNode error = new ObjectMapper().readTree(output.toString());
    assertThat(error.path("code").asText()).isEqualTo("BAD_REQUEST");
    assertThat(error.path("message").asText()).contains(message);
  }
}
