package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Signals to processes of a lab. */
final class Signals {
  private Signals() {}

  static void send(String name, long pid) {
    assertThat(Files.exists(Path.of("/proc/" + pid))).isTrue();
    var _ = ExternalProgram.of("kill", "-" + name, Long.toString(pid)).output();
  }

  /** Agents stand still, with all their connections open, until this is closed. */
  static Stopped stopAgents(Lab lab, String... hosts) {
    long[] pids =
        Arrays.stream(hosts).mapToLong(host -> lab.agent(host).orElseThrow().pid()).toArray();
    Arrays.stream(pids).forEach(pid -> send("STOP", pid));
    return () -> Arrays.stream(pids).forEach(pid -> send("CONT", pid));
  }

  /** Processes that stand still. */
  interface Stopped extends AutoCloseable {
    /** Lets them go on. */
    @Override
    void close();
  }
}
