package org.smemv.lab;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The S-memV agent, run by the Java platform and from the class path of this process. */
final class JavaAgentProgram implements AgentProgram {
  private static final String MAIN_CLASS = "org.smemv.node.command.SmemvCommand";
  private static final byte[] REQUEST =
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
          .getBytes(StandardCharsets.US_ASCII);

  private static final String ANSWER = "HTTP/";
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(1);

  @Override
  public void prepare() {
    QuickStart.prepare();
  }

  @Override
  public List<String> command(HostPlan host) {
    List<String> command = QuickStart.command(MAIN_CLASS, List.of("-Xms64m", "-Xmx256m"));
    command.addAll(
        List.of(
            "agent",
            "--name",
            host.name(), //
            "--data",
            host.data(),
            "--api",
            "unix:" + host.api(),
            "--state",
            host.folder().resolve("state").toString(),
            "--capacity",
            Long.toString(host.capacityBytes()),
            "--hosts-file",
            LabFiles.HOSTS.toString()));
    return command;
  }

  /** Any answer in HTTP will do: which paths there are is the agent's business. */
  @Override
  public boolean answers(HostPlan host) {
    return answers(host.api());
  }

  static boolean answers(Path socket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(ByteBuffer.wrap(REQUEST));
      // An agent that is stuck accepts a connection and says nothing.
      channel.configureBlocking(false);
      ByteBuffer answer = ByteBuffer.allocate(ANSWER.length());
      long deadline = System.nanoTime() + ANSWER_TIMEOUT.toNanos();
      while (answer.hasRemaining() && System.nanoTime() < deadline && channel.read(answer) >= 0) {
        Pause.millis(1);
      }
      return new String(answer.array(), StandardCharsets.US_ASCII).equals(ANSWER);
    } catch (IOException e) {
      return false;
    }
  }
}
