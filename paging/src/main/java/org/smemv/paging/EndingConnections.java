package org.smemv.paging;

import java.time.Duration;
import java.util.List;

/**
 * Connections about a VM that were told to end. Until they have, their threads may read and write
 * what they were given of its memory. Any thread.
 */
public final class EndingConnections {
  private final List<ServerConnection> connections;

  EndingConnections(List<ServerConnection> connections) {
    this.connections = connections;
    connections.forEach(ServerConnection::stop);
  }

  /** Whether all have ended. */
  public boolean haveEnded() {
    return await(Duration.ZERO);
  }

  /**
   * Waits for their end.
   *
   * @return false when some have not ended within the time-out, or the thread is interrupted
   */
  public boolean await(Duration timeout) {
    long until = System.nanoTime() + timeout.toNanos();
    boolean all = true;
    for (ServerConnection connection : connections) {
      all &= connection.awaitEnd(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
    }
    return all;
  }
}
