package org.smemv.lab;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Where programs of a lab run: a host, or the client beside the hosts.
 *
 * @param namespace whose network they see
 * @param memory whose limit they share, and by which they are found when the lab ends
 */
record LabPlace(NetworkNamespace namespace, MemoryGroup memory) {
  /** Joins the group before anything else runs, so every page it ever takes is counted. */
  private static final String JOIN = "echo $$ >\"$0\" || exit 125; exec \"$@\"";

  private static final Duration JOIN_TIMEOUT = Duration.ofSeconds(10);

  /** The same command, run here. */
  List<String> command(List<String> program) {
    List<String> whole =
        new ArrayList<>(List.of("/bin/sh", "-c", JOIN, memory.processes().toString()));
    whole.addAll(namespace.enter(program));
    return whole;
  }

  ExternalProgram.Result exec(Duration timeout, List<String> program) {
    return ExternalProgram.of(command(program)).withTimeout(timeout).run();
  }

  /**
   * Starts a program that outlives this process: it has a session of its own and no terminal.
   * Returns when it has joined the group.
   *
   * @param log gets both of its outputs, appended
   */
  RecordedProcess startDetached(List<String> program, Path log) {
    List<String> session = new ArrayList<>(List.of("setsid"));
    session.addAll(program);
    try {
      Process process =
          new ProcessBuilder(command(session))
              .redirectInput(new File("/dev/null"))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      // Neither sh, nsenter nor setsid forks here, so this is the program's own number.
      RecordedProcess recorded = RecordedProcess.of(process.pid());
      Pause.until(
          JOIN_TIMEOUT, () -> memory.pids().contains(recorded.pid()) || !recorded.isAlive());
      return recorded;
    } catch (IOException e) {
      throw new LabException("cannot start %s: %s".formatted(program.getFirst(), e), e);
    }
  }

  /** Starts a program that is this process's own: its streams are pipes, or as given. */
  Process start(List<String> program, ProcessBuilder.Redirect errors) {
    try {
      return new ProcessBuilder(command(program)).redirectError(errors).start();
    } catch (IOException e) {
      throw new LabException("cannot start %s: %s".formatted(program.getFirst(), e), e);
    }
  }
}
