package org.smemv.paging;

import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.smemv.linux.IoVector;
import org.smemv.linux.TcpSocket;

/**
 * How the bytes of frames cross: the one seam under server and client, where encryption goes. The
 * methods are those of {@link TcpSocket}, with its errors and thread rules.
 */
interface PageTransport extends AutoCloseable {
  /** What every connection of S-memV runs over. */
  static PageTransport over(TcpSocket socket) {
    return new TcpTransport(socket);
  }

  /** Reads at least one byte, waiting for it; -1 at the end. */
  int read(MemorySegment into, long offset, int length);

  /** Reads what is there; 0 when nothing is, -1 at the end. */
  int readNow(MemorySegment into, long offset, int length);

  /** Fills all pieces. */
  void readFully(IoVector into);

  /** Writes all pieces. */
  void writeFully(IoVector from);

  /** How long a read may wait for a byte; zero is for ever. */
  void readTimeout(Duration timeout);

  /** The other end. */
  InetSocketAddress peer();

  /** What poll(2) may wait on. */
  int fd();

  /** Nothing more will be written. */
  void shutdownOutput();

  /** Ends the connection and wakes whoever waits in it; any thread. */
  void shutdown();

  @Override
  void close();
}
