package org.smemv.linux;

import java.net.InetSocketAddress;

/** A peer did not take or give a byte in the time allowed. The connection is of no further use. */
public final class TcpTimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final InetSocketAddress peer;

  /**
   * @param action what was waited for: {@code connect}, {@code read} or {@code write}
   * @param millis how long was allowed
   */
  TcpTimeoutException(String action, InetSocketAddress peer, long millis) {
    super(action + " with " + Sockaddr.text(peer) + " timed out after " + millis + " ms");
    this.peer = peer;
  }

  /** The other end. */
  public InetSocketAddress peer() {
    return peer;
  }
}
