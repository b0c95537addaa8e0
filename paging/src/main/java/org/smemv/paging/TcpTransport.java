package org.smemv.paging;

import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.smemv.linux.IoVector;
import org.smemv.linux.TcpSocket;

/** Frames over plain TCP. */
final class TcpTransport implements PageTransport {
  private final TcpSocket socket;

  TcpTransport(TcpSocket socket) {
    this.socket = socket;
  }

  @Override
  public int read(MemorySegment into, long offset, int length) {
    return socket.read(into, offset, length);
  }

  @Override
  public int readNow(MemorySegment into, long offset, int length) {
    return socket.readNow(into, offset, length);
  }

  @Override
  public void readFully(IoVector into) {
    socket.readFully(into);
  }

  @Override
  public void writeFully(IoVector from) {
    socket.writeFully(from);
  }

  @Override
  public void readTimeout(Duration timeout) {
    socket.readTimeout(timeout);
  }

  @Override
  public InetSocketAddress peer() {
    return socket.peer();
  }

  @Override
  public int fd() {
    return socket.fd();
  }

  @Override
  public void shutdownOutput() {
    socket.shutdownOutput();
  }

  @Override
  public void shutdown() {
    socket.shutdown();
  }

  @Override
  public void close() {
    socket.close();
  }
}
