package org.smemv.lab;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Enough of memcached to be told to go wrong in every way that the load must notice. */
final class FakeMemcached implements AutoCloseable {
  /** What it does to a get. */
  enum Fault {
    NONE,
    FLIPPED_BIT,
    OLD_VALUE,
    MISS,
    NONSENSE,
    HANG_UP,
    SILENCE
  }

  private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Map<String, byte[]> values = new ConcurrentHashMap<>();
  private final Map<String, byte[]> before = new ConcurrentHashMap<>();
  private final AtomicInteger faultsLeft = new AtomicInteger();
  private volatile Fault fault = Fault.NONE;
  private volatile long silenceMillis;

  private final Thread acceptor;

  FakeMemcached() throws IOException {
    acceptor = Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  /** The next gets go wrong in this way, so many times. */
  void fail(Fault kind, int times) {
    fault = kind;
    faultsLeft.set(times);
  }

  /** The next get is answered so much later, and meanwhile nothing else. */
  void silence(long millis) {
    silenceMillis = millis;
    fail(Fault.SILENCE, 1);
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException closed) {
      // The end of the test.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      for (String line = line(in); !line.isEmpty(); line = line(in)) {
        String[] words = line.split(" ", -1);
        switch (words[0]) {
          case "set" -> {
            byte[] old = values.put(words[1], in.readNBytes(Integer.parseInt(words[4])));
            if (old != null) {
              before.put(words[1], old);
            }
            line(in);
            write(out, "STORED\r\n");
          }
          case "get" -> answerGet(words[1], out);
          default -> write(out, "STAT evictions 7\r\nEND\r\n");
        }
      }
    } catch (IOException closed) {
      // The client is gone.
    }
  }

  private void answerGet(String key, OutputStream out) throws IOException {
    byte[] value = values.get(key).clone();
    switch (nextFault()) {
      case NONE -> {}
      case FLIPPED_BIT -> value[100] ^= 1;
      case OLD_VALUE -> value = before.getOrDefault(key, new byte[value.length]);
      case MISS -> {
        write(out, "END\r\n");
        return;
      }
      case NONSENSE -> {
        write(out, "WHAT\r\n");
        return;
      }
      case HANG_UP -> throw new IOException("as told");
      case SILENCE -> Pause.millis(silenceMillis);
    }
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    write(answer, "VALUE %s 0 %d\r\n".formatted(key, value.length));
    answer.write(value);
    write(answer, "\r\nEND\r\n");
    out.write(answer.toByteArray());
  }

  private Fault nextFault() {
    return faultsLeft.getAndUpdate(left -> Math.max(0, left - 1)) > 0 ? fault : Fault.NONE;
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    server.close();
    try {
      acceptor.join(); // the kernel listens until it has left accept()
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
