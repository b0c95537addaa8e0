package org.smemv.node.qemu;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** A QMP server on a real Unix socket whose answers a test decides. */
final class FakeQmpServer implements Closeable {
  static final String GREETING =
      "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7},"
          + " \"package\": \"Debian\"}, \"capabilities\": [\"oob\"]}}";

  final Path socket;
  final List<String> received = new CopyOnWriteArrayList<>();
  private final ServerSocketChannel server;
  private final String greeting;
  private volatile SocketChannel client;
  private volatile Function<String, String> answers = line -> answerTo(line, "{}");

  FakeQmpServer(Path directory, String greeting) throws IOException {
    this.socket = directory.resolve("qmp.sock");
    this.greeting = greeting;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform().daemon().start(this::serve);
  }

  /** What to send for a line that came in; null for nothing. */
  void answers(Function<String, String> answers) {
    this.answers = answers;
  }

  static String answerTo(String line, String result) {
    return "{\"return\": " + result + ", \"id\": " + idOf(line) + "}";
  }

  static String errorTo(String line, String errorClass, String description) {
    return "{\"error\": {\"class\": \""
        + errorClass
        + "\", \"desc\": \""
        + description
        + "\"}, \"id\": "
        + idOf(line)
        + "}";
  }

  static String idOf(String line) {
    return line.replaceAll(".*\"id\":(\\d+).*", "$1");
  }

  void send(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\r\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      client.write(bytes);
    }
  }

  void hangUp() throws IOException {
    client.close();
  }

  private void serve() {
    try {
      client = server.accept();
      if (!greeting.isEmpty()) {
        send(greeting);
      }
      BufferedReader reader =
          new BufferedReader(
              new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8));
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        received.add(line);
        String answer =
            line.contains("qmp_capabilities") ? answerTo(line, "{}") : answers.apply(line);
        if (answer != null) {
          send(answer);
        }
      }
    } catch (IOException | UncheckedIOException e) {
      // The end of a test.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    if (client != null) {
      client.close();
    }
  }
}
