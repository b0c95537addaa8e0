package org.smemv.node.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** QMP on the wire: one JSON object a line in both directions. Reading is for one thread only. */
final class QmpMessages {
  /** The schema of QEMU 9 is about 300 KiB; nothing legitimate comes near this. */
  private static final int LINE_BYTES_MAX = 16 << 20;

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final SocketChannel channel;
  private final ByteBuffer received = ByteBuffer.allocate(64 << 10).flip();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  QmpMessages(SocketChannel channel) {
    this.channel = channel;
  }

  /** The next message; {@link EOFException} when QEMU closed the connection. */
  JsonNode read() throws IOException {
    line.reset();
    while (true) {
      if (!received.hasRemaining()) {
        fill();
      }
      byte next = received.get();
      if (next == '\n') {
        JsonNode message = MAPPER.readTree(line.toByteArray());
        if (message.isObject()) {
          return message;
        }
        throw new MalformedMessage("a line that is not a JSON object");
      }
      line.write(next);
      if (line.size() > LINE_BYTES_MAX) {
        throw new MalformedMessage("a line of more than " + LINE_BYTES_MAX + " bytes");
      }
    }
  }

  private void fill() throws IOException {
    received.clear();
    int count = channel.read(received);
    received.flip();
    if (count < 0) {
      throw new EOFException("end of stream");
    }
  }

  /** Writes one command. The caller serialises writers. */
  void write(String command, Map<String, ?> arguments, long id) throws IOException {
    ObjectNode message = MAPPER.createObjectNode();
    message.put("execute", command);
    if (!arguments.isEmpty()) {
      message.set("arguments", MAPPER.valueToTree(arguments));
    }
    message.put("id", id);
    ByteBuffer bytes = ByteBuffer.wrap((encode(message) + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static String encode(ObjectNode message) throws JsonProcessingException {
    return MAPPER.writeValueAsString(message);
  }

  /** The peer does not speak QMP. */
  static final class MalformedMessage extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedMessage(String message) {
      super(message);
    }
  }
}
