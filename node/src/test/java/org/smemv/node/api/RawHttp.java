package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** HTTP/1.1 by hand, so that a test says each byte of a request. */
final class RawHttp {
  private static final int TIMEOUT_MILLIS = 10_000;

  /** An answer; the type is without its parameters, and empty when there is none. */
  record Answer(int status, String type, String body) {}

  private RawHttp() {}

  /**
   * Sends a request and reads the whole answer.
   *
   * @param headers each ended by CRLF; a Host is needed
   */
  static Answer send(
      InetSocketAddress server, String method, String path, String headers, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String head = method + " " + path + " HTTP/1.1\r\n" + headers;
    head += bytes.length == 0 ? "" : "Content-Length: " + bytes.length + "\r\n";
    try (Socket socket = new Socket(server.getAddress(), server.getPort())) {
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket.getOutputStream().write((head + "\r\n" + body).getBytes(StandardCharsets.UTF_8));
      return read(socket.getInputStream());
    }
  }

  private static Answer read(InputStream stream) throws IOException {
    int status = Integer.parseInt(line(stream).split(" ")[1]);
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(stream); !line.isEmpty(); line = line(stream)) {
      int colon = line.indexOf(':');
      headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1));
    }
    String type = headers.getOrDefault("content-type", "").strip().replaceFirst(";.*", "");
    byte[] body =
        headers.containsKey("transfer-encoding")
            ? chunks(stream)
            : stream.readNBytes(
                Integer.parseInt(headers.getOrDefault("content-length", "0").strip()));
    return new Answer(status, type, new String(body, StandardCharsets.UTF_8));
  }

  private static byte[] chunks(InputStream stream) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int size = size(stream); size > 0; size = size(stream)) {
      body.write(stream.readNBytes(size));
      assertThat(line(stream)).isEmpty();
    }
    return body.toByteArray();
  }

  private static int size(InputStream stream) throws IOException {
    return Integer.parseInt(line(stream), 16);
  }

  private static String line(InputStream stream) throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.indexOf("\r\n") < 0) {
      int next = stream.read();
      assertThat(next).as("end of answer after %s", line).isNotNegative();
      line.append((char) next);
    }
    return line.substring(0, line.length() - 2);
  }
}
