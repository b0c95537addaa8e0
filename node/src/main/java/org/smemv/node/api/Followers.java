package org.smemv.node.api;

import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The readers of event streams. Each has its request's virtual thread; one that takes nothing for
 * too long, or has gone, loses it. Any thread may use this.
 */
final class Followers implements AutoCloseable {
  /** Follows something until the follower has enough. */
  @FunctionalInterface
  interface Following {
    void run(MigrationFollower follower) throws OperationException;
  }

  private final int most;
  private final SlowReaders slow;
  private final AtomicInteger count = new AtomicInteger();

  /**
   * @param most at once
   * @param writeMax how long one of them may take for one event
   */
  Followers(int most, Duration writeMax) {
    this.most = most;
    this.slow = new SlowReaders(writeMax);
  }

  /** How many there are now. */
  int count() {
    return count.get();
  }

  /** Answers with events until the following ends; an error before the first is thrown. */
  void serve(ServerResponse response, Following following) throws OperationException {
    enter();
    EventStream stream = new EventStream(response, slow);
    try {
      following.run(stream);
      stream.end();
    } catch (OperationException e) {
      if (stream.begun()) {
        // The answer is a success already: its reader sees it break off, and asks again.
        throw new CloseConnectionException("following ended", e);
      }
      throw e;
    } finally {
      count.decrementAndGet();
    }
  }

  private void enter() throws OperationException {
    if (count.incrementAndGet() > most) {
      count.decrementAndGet();
      throw new OperationException(
          ErrorCode.BUSY,
          most + " readers follow migrations of this host already: end one of them first");
    }
  }

  @Override
  public void close() {
    slow.close();
  }
}
