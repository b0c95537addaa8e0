package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Signals to processes of a lab. */
final class Signals {
  private Signals() {}

  static void send(String name, long pid) {
    assertThat(Files.exists(Path.of("/proc/" + pid))).isTrue();
    var _ = ExternalProgram.of("kill", "-" + name, Long.toString(pid)).output();
  }

  /** Agents stand still, with all their connections open, until this is closed. */
  static Stopped stopAgents(Lab lab, String... hosts) {
    List<RecordedProcess> agents =
        Arrays.stream(hosts).map(host -> lab.agent(host).orElseThrow()).toList();
    agents.forEach(agent -> send("STOP", agent.pid()));
    return () ->
        agents.stream()
            .filter(RecordedProcess::isAlive)
            .forEach(agent -> send("CONT", agent.pid()));
  }

  /** Processes that stand still. */
  interface Stopped extends AutoCloseable {
    /** Lets them go on, unless they were killed meanwhile. */
    @Override
    void close();
  }
}
