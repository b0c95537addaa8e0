package org.smemv.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.smemv.linux.IoVector;
import org.smemv.linux.TcpSocket;
import org.smemv.placement.PageSize;

/**
 * Stores pages in memcached by its text protocol (its protocol.txt): {@code set} and {@code get}
 * with many keys. Keys are of one length, so that every command and answer is too. Requests are
 * gathered with writev and answers read in one go, by the same socket class as ours.
 */
final class MemcachedClient implements PageClient {
  private static final int KEY = 9; // p and 8 hexadecimal digits
  private static final byte[] SET =
      "set p00000000 0 0 4096\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] VALUE =
      "VALUE p00000000 0 4096\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] GET = "get".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] STORED = "STORED\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "END\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final int BATCH_MAX = 256;
  private static final int VALUE_BYTES = VALUE.length + PageSize.BYTES + 2;

  private final TcpSocket socket;
  private final BenchPages pages;
  private final Arena arena = Arena.ofShared();
  private final IoVector out = new IoVector(arena, IoVector.PIECES_MAX);
  private final IoVector in = new IoVector(arena, 1);
  private final MemorySegment commands = arena.allocate((long) BATCH_MAX * SET.length);
  private final MemorySegment lineEnd = arena.allocate(2);
  private final MemorySegment answers;

  MemcachedClient(InetSocketAddress address, BenchPages pages) {
    this.pages = pages;
    this.answers = arena.allocate((long) BATCH_MAX * (VALUE_BYTES + END.length));
    MemorySegment.copy(END, END.length - 2, lineEnd, ValueLayout.JAVA_BYTE, 0, 2);
    this.socket = TcpSocket.connect(address, Duration.ofSeconds(5));
    socket.noDelay();
    socket.readTimeout(Duration.ofSeconds(10));
    socket.writeTimeout(Duration.ofSeconds(10));
  }

  @Override
  public void put(long first, long end, int batch, int window) {
    long sent = first;
    long stored = first;
    while (stored < end) {
      while (sent < end && sent - stored < (long) batch * window) {
        long to = Math.min(sent + batch, end);
        sendSets(sent, to);
        sent = to;
      }
      long to = Math.min(stored + batch, end);
      read((to - stored) * STORED.length);
      for (long i = 0; i < to - stored; i++) {
        expect(STORED, i * STORED.length);
      }
      stored = to;
    }
  }

  private void sendSets(long first, long end) {
    out.clear();
    long at = 0;
    for (long page = first; page < end; page++) {
      MemorySegment.copy(SET, 0, commands, ValueLayout.JAVA_BYTE, at, SET.length);
      key(page, at + 4);
      out.add(commands.address() + at, SET.length);
      out.add(pages.memory().address() + pages.offset(page), PageSize.BYTES);
      out.add(lineEnd.address(), 2);
      at += SET.length;
    }
    socket.writeFully(out);
  }

  @Override
  public void get(long first, long end, int batch, int window) {
    get(first, end, batch, window, batch);
  }

  @Override
  public void getEach(long first, long end, int batch, int window) {
    get(first, end, batch, window, 1);
  }

  /**
   * Gets pages, {@code batch} by one write.
   *
   * @param keys keys in a command
   */
  private void get(long first, long end, int batch, int window, int keys) {
    long asked = first;
    long got = first;
    while (got < end) {
      while (asked < end && asked - got < (long) batch * window) {
        long to = Math.min(asked + batch, end);
        sendGet(asked, to, keys);
        asked = to;
      }
      long to = Math.min(got + batch, end);
      int pagesDue = (int) (to - got);
      int commandsDue = (pagesDue + keys - 1) / keys;
      read(pagesDue * (long) VALUE_BYTES + commandsDue * (long) END.length);
      check(got, pagesDue, keys);
      got = to;
    }
  }

  private void sendGet(long first, long end, int keys) {
    long at = 0;
    for (long page = first; page < end; page++) {
      boolean starts = (page - first) % keys == 0;
      if (starts) {
        MemorySegment.copy(GET, 0, commands, ValueLayout.JAVA_BYTE, at, GET.length);
        at += GET.length;
      }
      commands.set(ValueLayout.JAVA_BYTE, at, (byte) ' ');
      key(page, at + 1);
      at += 1 + KEY;
      if ((page - first + 1) % keys == 0 || page == end - 1) {
        MemorySegment.copy(lineEnd, 0, commands, at, 2);
        at += 2;
      }
    }
    socket.writeFully(commands, 0, (int) at);
  }

  private void check(long first, int count, int keys) {
    long at = 0;
    for (int i = 0; i < count; i++) {
      expect(VALUE, at, 6); // up to the key
      if (!pages.looksLike(first + i, answers, at + VALUE.length)) {
        throw new IllegalStateException("page " + (first + i) + " came back wrong");
      }
      at += VALUE_BYTES;
      if ((i + 1) % keys == 0 || i == count - 1) {
        expect(END, at);
        at += END.length;
      }
    }
  }

  private void key(long page, long at) {
    commands.set(ValueLayout.JAVA_BYTE, at, (byte) 'p');
    for (int digit = 0; digit < KEY - 1; digit++) {
      byte hex = HEX[(int) (page >>> (4 * (KEY - 2 - digit))) & 15];
      commands.set(ValueLayout.JAVA_BYTE, at + 1 + digit, hex);
    }
  }

  private void read(long length) {
    in.clear();
    in.add(answers.address(), length);
    socket.readFully(in);
  }

  private void expect(byte[] wanted, long at) {
    expect(wanted, at, wanted.length);
  }

  private void expect(byte[] wanted, long at, int length) {
    for (int i = 0; i < length; i++) {
      if (answers.get(ValueLayout.JAVA_BYTE, at + i) != wanted[i]) {
        byte[] found = answers.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        throw new IllegalStateException(
            "memcached answered " + new String(found, StandardCharsets.US_ASCII));
      }
    }
  }

  @Override
  public void close() {
    socket.close();
    arena.close();
  }
}
