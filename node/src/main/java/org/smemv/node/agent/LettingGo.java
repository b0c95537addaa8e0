package org.smemv.node.agent;

import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.paging.EndingConnections;
import org.smemv.paging.PageServer;

/**
 * Lets go of the memory of VMs that other hosts may be connected about. A connection that is told
 * to end does so at once, as a rule; but as long as one does not, its thread may read and write:
 * that memory must neither be unmapped, which would end the agent, nor promised to others. Any
 * thread.
 */
final class LettingGo {
  private static final Logger log = LoggerFactory.getLogger(LettingGo.class);

  /** Whoever asked waits meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private volatile @Nullable PageServer server;

  /** Before it serves anybody. */
  void servedBy(PageServer pageServer) {
    server = pageServer;
  }

  /**
   * Ends all connections about a VM of which nobody finds anything here any more.
   *
   * @param letGo is run once they have ended: before this returns, if that takes no longer than two
   *     seconds, else later
   */
  void of(UUID vm, String name, Runnable letGo) {
    EndingConnections connections = end(vm);
    if (connections == null || connections.await(PATIENCE)) {
      letGo.run();
      return;
    }
    log.warn("VM {}: a connection does not end; until it does, its memory here stays", name);
    EachSecond.until("let-go-" + name, () -> isLetGo(connections, name, letGo));
  }

  /** As the other, for a caller that can do nothing before: it waits for as long as it takes. */
  void fully(UUID vm, String name) {
    EndingConnections connections = end(vm);
    boolean interrupted = false;
    while (connections != null && !connections.await(PATIENCE)) {
      interrupted |= Thread.interrupted(); // else it would not wait at all from then on
      log.warn("VM {}: a connection does not end, and may read its memory until then", name);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private @Nullable EndingConnections end(UUID vm) {
    PageServer pages = server;
    return pages == null ? null : pages.disconnect(vm);
  }

  private static boolean isLetGo(EndingConnections connections, String name, Runnable letGo) {
    if (!connections.haveEnded()) {
      return false;
    }
    letGo.run();
    log.info("VM {}: its memory here is free, as the connection has ended", name);
    return true;
  }
}
