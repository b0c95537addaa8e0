package org.smemv.lab;

import java.io.IOException;
import java.util.List;
import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvTask;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Runs a program as if it were on one of the hosts. */
@Command(
    name = "exec",
    description = "Runs a program in a host's network and memory limit: lab exec h1 -- ip addr")
final class LabExecCommand extends SmemvTask {
  private static final String CLIENT = "client";

  @Parameters(index = "0", paramLabel = "HOST", description = "h1, h2, ... or client")
  private String host = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "CMD", description = "and its arguments")
  private List<String> program = List.of();

  private int programStatus;

  @Override
  protected ExitCode run() throws IOException, InterruptedException {
    Lab lab = Lab.running();
    LabPlace place = host.equals(CLIENT) ? lab.client().place() : lab.host(host).place();
    programStatus = new ProcessBuilder(place.command(program)).inheritIO().start().waitFor();
    return ExitCode.OK;
  }

  /** The program's own. */
  @Override
  protected int status(ExitCode end) {
    return programStatus;
  }
}
