package org.smemv.linux;

import java.net.InetSocketAddress;

/** The connection ended where bytes were still due: closed, reset, or dead by keepalive. */
public final class TcpClosedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final InetSocketAddress peer;

  TcpClosedException(String action, InetSocketAddress peer, String how) {
    super("connection with " + Sockaddr.text(peer) + " ended during " + action + ": " + how);
    this.peer = peer;
  }

  /** The other end. */
  public InetSocketAddress peer() {
    return peer;
  }
}
