package org.smemv.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.smemv.linux.MemoryMount;
import org.smemv.node.api.ApiClient;
import org.smemv.node.api.HostEntry;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.OperationException;

/** An agent outside of any lab, started, asked and ended so that the Java machine sees it once. */
final class FirstAgent {
  private static final Duration START = Duration.ofMinutes(1);

  /** At its end the Java machine writes down what it has seen. */
  private static final Duration END = Duration.ofMinutes(2);

  private static final int QUESTIONS = 20;
  private static final String NAME = "first";

  private FirstAgent() {}

  /**
   * Runs one.
   *
   * @param command makes its command of flags and arguments
   * @param file is written when it ends; not when it cannot be started
   */
  static void run(BiFunction<List<String>, List<Object>, List<String>> command, Path file)
      throws IOException {
    Path folder = Files.createTempDirectory("smemv-first");
    Path ram = folder.resolve("state/ram");
    try {
      String data = "127.0.0.1:" + freePort();
      Path api = folder.resolve("api/sock");
      List<Object> arguments =
          List.of(
              "agent",
              "--name",
              NAME,
              "--data",
              data,
              "--api",
              "unix:" + api,
              "--state",
              folder.resolve("state"),
              "--capacity",
              "64M");
      Process agent =
          new ProcessBuilder(command.apply(flags(file), arguments))
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("log").toFile())
              .start();
      try {
        if (!Pause.until(START, () -> !agent.isAlive() || JavaAgentProgram.answers(api))
            || !agent.isAlive()) {
          throw new IOException("no agent starts: " + LogTail.of(folder.resolve("log")));
        }
        ask(api, data);
        agent.destroy();
        var _ = agent.waitFor(END.toSeconds(), TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new LabException("interrupted while a first agent runs", e);
      } finally {
        agent.destroyForcibly();
      }
    } finally {
      if (!MountTable.below(ram).isEmpty()) {
        MemoryMount.remove(ram);
      }
      DeletedTree.delete(folder);
    }
  }

  /** Without machine code, which is hardly any and which the Java machine warns of. */
  private static List<String> flags(Path file) {
    return List.of(
        "-XX:AOTCacheOutput=" + file,
        "-XX:+UnlockDiagnosticVMOptions",
        "-XX:-AOTAdapterCaching",
        "-XX:-AOTStubCaching");
  }

  private static void ask(Path api, String data) {
    ApiClient client =
        new ApiClient(new HostEntry(NAME, api, HostsFile.address("host " + NAME, data)));
    try {
      for (int i = 0; i < QUESTIONS; i++) {
        var _ = client.host();
        var _ = client.vms();
      }
    } catch (OperationException e) {
      // It has ended: its log says why to whoever starts a lab next.
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }
}
