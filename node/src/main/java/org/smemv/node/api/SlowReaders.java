package org.smemv.node.api;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Gives up readers that take nothing: neither a Unix socket nor a TCP socket has a time-out for
 * writing. Any thread may use it.
 */
final class SlowReaders implements AutoCloseable {
  /** Something that writes to a socket. */
  @FunctionalInterface
  interface Writing {
    void run() throws IOException;
  }

  private final Duration most;
  private final ScheduledThreadPoolExecutor clock;

  /**
   * @param most how long one write may take
   */
  SlowReaders(Duration most) {
    this.most = most;
    this.clock =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("api-slow-readers").daemon().factory());
    clock.setRemoveOnCancelPolicy(true);
  }

  /**
   * Writes. When it takes too long the thread is interrupted, which closes the socket that it
   * writes to.
   */
  void whileWriting(Writing writing) throws IOException {
    Thread writer = Thread.currentThread();
    Future<?> limit = clock.schedule(writer::interrupt, most.toNanos(), TimeUnit.NANOSECONDS);
    try {
      writing.run();
    } finally {
      limit.cancel(false);
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
