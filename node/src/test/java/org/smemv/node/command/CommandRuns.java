package org.smemv.node.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;

/** Runs the whole command line, and keeps what the last run said. */
abstract class CommandRuns {
  Path hostsFile;
  StringWriter out;
  StringWriter err;

  /** Returns the exit code. */
  int smemv(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--hosts-file", hostsFile.toString()));
    all.addAll(Arrays.asList(arguments));
    out = new StringWriter();
    err = new StringWriter();
    CommandLine command = SmemvCommand.commandLine();
    command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return command.execute(all.toArray(String[]::new));
  }

  JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out.toString());
  }
}
