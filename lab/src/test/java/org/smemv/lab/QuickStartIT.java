package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smemv.node.command.SmemvCommand;

class QuickStartIT {
  @Test
  void javaProcessesOfALabStartFromWhatAFirstAgentHasLeft() {
    QuickStart.prepare();
    Path cache = QuickStart.cache().orElseThrow();
    assertThat(Files.exists(cache)).isTrue();

    List<String> command =
        QuickStart.command(
            SmemvCommand.class.getName(),
            List.of("-XX:AOTMode=on", "-Xlog:class+load:stdout"),
            "--version");
    assertThat(ExternalProgram.of(command).output())
        .containsPattern("org.smemv.node.command.SmemvCommand source: shared objects file")
        .containsPattern("S-memV \\d");
  }
}
