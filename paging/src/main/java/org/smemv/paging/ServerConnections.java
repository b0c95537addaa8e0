package org.smemv.paging;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The open connections of a server. A new connection takes the place of the one with the same key,
 * and goes on only when that has ended for good: frames of an old connection that are still in a
 * buffer somewhere must never be applied after those of a newer one.
 */
final class ServerConnections {
  private final int connectionsMax;
  private final Set<ServerConnection> open = ConcurrentHashMap.newKeySet();
  private final Map<ConnectionKey, ServerConnection> current = new ConcurrentHashMap<>();

  ServerConnections(int connectionsMax) {
    this.connectionsMax = connectionsMax;
  }

  /** Lets a connection in; false when there are too many. Called by the accepting thread only. */
  boolean add(ServerConnection connection) {
    return open.size() < connectionsMax && open.add(connection);
  }

  /** Registers a connection; returns the one it takes the place of, stopped but maybe not ended. */
  @Nullable ServerConnection replace(ConnectionKey key, ServerConnection by) {
    ServerConnection before = current.put(key, by);
    if (before != null) {
      before.stop();
    }
    return before;
  }

  /**
   * Takes note that a connection's thread is done. Its key stays while the one before it has not
   * ended, so that a later connection still waits for that.
   */
  void remove(ServerConnection connection, @Nullable ConnectionKey key, boolean predecessorEnded) {
    open.remove(connection);
    if (key != null && predecessorEnded) {
      current.remove(key, connection);
    }
  }

  int size() {
    return open.size();
  }

  /** The open connections for a VM. */
  List<ServerConnection> of(UUID vm) {
    return open.stream().filter(connection -> connection.isFor(vm)).toList();
  }

  List<ServerConnection> all() {
    return List.copyOf(open);
  }
}
