package org.smemv.lab;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One connection to memcached in its text protocol (memcached's doc/protocol.txt). Belongs to one
 * thread.
 */
final class MemcachedConnection implements AutoCloseable {
  private static final byte[] END_OF_LINE = {'\r', '\n'};
  private static final int LINE_MAX = 2048;

  private final Socket socket;
  private InputStream in = InputStream.nullInputStream();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 16);

  /** What memcached said is not what the protocol allows; the connection is of no more use. */
  static final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
      super(message);
    }
  }

  /** Not connected yet, so that another thread can already {@link #close()} it. */
  MemcachedConnection() {
    socket = new Socket();
  }

  /**
   * Connects.
   *
   * @param timeoutMillis for connecting, and for every later wait for bytes
   * @return this
   */
  MemcachedConnection open(String server, int port, int timeoutMillis) throws IOException {
    try {
      socket.setTcpNoDelay(true);
      socket.connect(new InetSocketAddress(server, port), timeoutMillis);
      socket.setSoTimeout(timeoutMillis);
      in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
      return this;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Stores one value and waits until it is. */
  void set(String key, byte[] value) throws IOException {
    queueSet(key, value);
    flush();
    awaitStored();
  }

  /** Adds a set to those that {@link #flush()} sends; each needs an {@link #awaitStored()}. */
  void queueSet(String key, byte[] value) {
    out.writeBytes(ascii("set " + key + " 0 0 " + value.length));
    out.writeBytes(END_OF_LINE);
    out.writeBytes(value);
    out.writeBytes(END_OF_LINE);
  }

  void flush() throws IOException {
    out.writeTo(socket.getOutputStream());
    out.reset();
  }

  void awaitStored() throws IOException {
    String answer = readLine();
    if (!answer.equals("STORED")) {
      throw new ProtocolException("a set was answered with '" + answer + "'");
    }
  }

  /** The value of a key; null when memcached has none. */
  byte @Nullable [] get(String key) throws IOException {
    out.writeBytes(ascii("get " + key));
    out.writeBytes(END_OF_LINE);
    flush();
    String line = readLine();
    if (line.equals("END")) {
      return null;
    }
    String[] words = line.split(" ", -1);
    if (words.length < 4 || !words[0].equals("VALUE") || !words[1].equals(key)) {
      throw new ProtocolException("a get of " + key + " was answered with '" + line + "'");
    }
    byte[] value = in.readNBytes(parse(words[3]));
    expect("");
    expect("END");
    return value;
  }

  /** One of memcached's counters, such as {@code evictions}. */
  long statistic(String name) throws IOException {
    out.writeBytes(ascii("stats"));
    out.writeBytes(END_OF_LINE);
    flush();
    long found = 0;
    for (String line = readLine(); !line.equals("END"); line = readLine()) {
      String[] words = line.split(" ", -1);
      if (words.length == 3 && words[1].equals(name)) {
        found = parse(words[2]);
      }
    }
    return found;
  }

  private static int parse(String number) throws ProtocolException {
    try {
      return Integer.parseInt(number);
    } catch (NumberFormatException e) {
      throw new ProtocolException("'" + number + "' in place of a number");
    }
  }

  private void expect(String line) throws IOException {
    String found = readLine();
    if (!found.equals(line)) {
      throw new ProtocolException("'%s' in place of '%s'".formatted(found, line));
    }
  }

  private String readLine() throws IOException {
    byte[] line = new byte[LINE_MAX];
    int length = 0;
    int next = in.read();
    while (next != '\n') {
      if (next < 0) {
        throw new IOException("memcached closed the connection");
      }
      if (length == LINE_MAX) {
        throw new ProtocolException("a line of more than " + LINE_MAX + " bytes");
      }
      line[length++] = (byte) next;
      next = in.read();
    }
    int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
    return new String(Arrays.copyOf(line, end), StandardCharsets.ISO_8859_1);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Also ends what another thread waits for on it. */
  @Override
  public void close() throws IOException {
    socket.close();
  }
}
