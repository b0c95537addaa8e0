package org.smemv.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * As much of QEMU's machine protocol as the baseline needs: one command, one answer; events are
 * dropped. A QEMU that does not answer for 30 s is given up. One thread at a time.
 */
final class QmpConnection implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Runs what it is given after the longest time that an answer may take. */
  private static final Executor ALARM = CompletableFuture.delayedExecutor(30, TimeUnit.SECONDS);

  private final SocketChannel channel;
  private final BufferedReader answers;

  private QmpConnection(SocketChannel channel) {
    this.channel = channel;
    this.answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
  }

  /** Connects and leaves the negotiation behind. */
  static QmpConnection open(Path socket) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      QmpConnection connection = new QmpConnection(channel);
      JsonNode greeting = connection.readLine();
      if (!greeting.has("QMP")) {
        throw new IOException("no QMP greeting but " + greeting);
      }
      connection.execute("qmp_capabilities", JSON.createObjectNode());
      return connection;
    } catch (IOException | LabException e) {
      channel.close();
      throw e;
    }
  }

  static ObjectNode arguments() {
    return JSON.createObjectNode();
  }

  JsonNode execute(String command) {
    return execute(command, arguments());
  }

  /**
   * Runs one command.
   *
   * @return what QEMU returned
   * @throws LabException when QEMU refuses, or is gone
   */
  JsonNode execute(String command, ObjectNode arguments) {
    ObjectNode request = JSON.createObjectNode().put("execute", command);
    request.set("arguments", arguments);
    CompletableFuture<Void> alarm = CompletableFuture.runAsync(this::abandon, ALARM);
    try {
      ByteBuffer line = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
      while (line.hasRemaining()) {
        channel.write(line);
      }
      while (true) {
        JsonNode answer = readLine();
        if (answer.has("error")) {
          throw new LabException(
              "QEMU refused %s: %s".formatted(command, answer.path("error").path("desc").asText()));
        }
        if (answer.has("return")) {
          return answer.get("return");
        }
      }
    } catch (IOException e) {
      throw new LabException("QEMU did not answer %s: %s".formatted(command, e), e);
    } finally {
      alarm.cancel(false);
    }
  }

  private void abandon() {
    try {
      channel.close();
    } catch (IOException e) {
      // It is given up either way; the reader sees it closed.
    }
  }

  private JsonNode readLine() throws IOException {
    String line = answers.readLine();
    if (line == null) {
      throw new IOException("QEMU closed its QMP socket");
    }
    return JSON.readTree(line);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
