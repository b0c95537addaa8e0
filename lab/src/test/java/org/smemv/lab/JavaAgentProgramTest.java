package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavaAgentProgramTest {
  private final JavaAgentProgram program = new JavaAgentProgram();

  @TempDir Path folder;

  @Test
  void anAgentIsToldItsNameItsPlacesAndItsCapacity() {
    String command =
        String.join(" ", program.command(new HostPlan(3, 512L << 20, LinkRate.parse("1gbit"))));

    assertThat(command)
        .contains("-Xmx256m", "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC")
        .endsWith(
            "org.smemv.node.command.SmemvCommand agent --name h3 --data 10.77.0.3:7400"
                + " --api unix:/run/smemv/lab/h3/api.sock --state /run/smemv/lab/h3/state"
                + " --capacity 536870912 --hosts-file /run/smemv/hosts.json");
  }

  @Test
  void anAgentAnswersWhenItSpeaksHttp() throws IOException {
    assertThat(answersWhenServerSays("HTTP/1.1 404 Not Found\r\n\r\n")).isTrue();
  }

  @Test
  void anAgentThatIsStuckDoesNotAnswer() throws IOException {
    assertThat(answersWhenServerSays("")).isFalse();
    assertThat(JavaAgentProgram.answers(folder.resolve("none.sock"))).isFalse();
  }

  private boolean answersWhenServerSays(String text) throws IOException {
    Path socket = folder.resolve("api.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  SocketChannel client = server.accept();
                  client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
                } catch (IOException closed) {
                  // The end of the test.
                }
              });
      return JavaAgentProgram.answers(socket);
    }
  }
}
