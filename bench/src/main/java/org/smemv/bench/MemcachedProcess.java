package org.smemv.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.smemv.linux.TcpListener;

/** A memcached of our own on a free port of the loopback. */
final class MemcachedProcess implements AutoCloseable {
  private final Process process;
  private final InetSocketAddress address;

  private MemcachedProcess(Process process, InetSocketAddress address) {
    this.process = process;
    this.address = address;
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param megabytes memory for items
   * @param threads its worker threads
   */
  static MemcachedProcess start(int megabytes, int threads) throws IOException {
    InetSocketAddress address;
    try (TcpListener free =
        TcpListener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1)) {
      address = free.address();
    }
    ProcessBuilder builder =
        new ProcessBuilder(
            "memcached",
            "-U",
            "0",
            "-l",
            "127.0.0.1",
            "-p",
            String.valueOf(address.getPort()),
            "-m",
            String.valueOf(megabytes),
            "-t",
            String.valueOf(threads),
            "-u",
            "nobody");
    Process process = builder.inheritIO().start();
    MemcachedProcess memcached = new MemcachedProcess(process, address);
    try {
      memcached.awaitAnswer();
      return memcached;
    } catch (IOException e) {
      memcached.close();
      throw e;
    }
  }

  private void awaitAnswer() throws IOException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    while (true) {
      try {
        stat("pid");
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() - until > 0) {
          throw new IOException("memcached does not answer at " + address, e);
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  InetSocketAddress address() {
    return address;
  }

  /** A number from its {@code stats}. */
  long stat(String name) throws IOException {
    try (Socket socket = new Socket(address.getAddress(), address.getPort());
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
      socket.setSoTimeout(5000);
      socket.getOutputStream().write("stats\r\n".getBytes(StandardCharsets.US_ASCII));
      String prefix = "STAT " + name + " ";
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.startsWith(prefix)) {
          return Long.parseLong(line.substring(prefix.length()).trim());
        }
        if (line.equals("END")) {
          break;
        }
      }
      throw new IOException("memcached has no statistic " + name);
    }
  }

  /** Its resident memory in bytes. */
  long residentBytes() throws IOException {
    String statm = Files.readString(Path.of("/proc/" + process.pid() + "/statm"));
    return Long.parseLong(statm.split(" ", 3)[1]) * 4096;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
