package org.smemv.node.api;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Events of a migration that another process sends, read by a thread of their own: a socket channel
 * has no time-out for reading. One thread takes them.
 */
final class EventSource implements AutoCloseable {
  /** A reader that is further ahead waits. */
  private static final int AHEAD = 16;

  /** Reads from the connection, and hands over what it read; on the thread of the source. */
  @FunctionalInterface
  interface Reading {
    /** Returns when the sender has nothing to tell any more. */
    void run(Taker taker) throws IOException, InterruptedException, OperationException;
  }

  /** Takes what was read. */
  @FunctionalInterface
  interface Taker {
    /** Waits while the source is too far ahead. */
    void take(EventParser.Item item) throws InterruptedException;
  }

  /**
   * What was read, or how reading ended.
   *
   * @param item null at the end
   * @param failure null when it ended as it should
   */
  private record Read(EventParser.@Nullable Item item, @Nullable Exception failure) {}

  private final BlockingQueue<Read> read = new ArrayBlockingQueue<>(AHEAD);
  private final Thread reader;

  EventSource(Reading reading) {
    reader = Thread.ofVirtual().name("api-events").start(() -> readAll(reading));
  }

  private void readAll(Reading reading) {
    try {
      read.put(end(reading));
    } catch (InterruptedException e) {
      // Nobody takes anything any more.
      Thread.currentThread().interrupt();
    }
  }

  private Read end(Reading reading) throws InterruptedException {
    try {
      reading.run(item -> read.put(new Read(item, null)));
      return new Read(null, null);
    } catch (IOException | OperationException | RuntimeException e) {
      return new Read(null, e);
    }
  }

  /**
   * The next event or comment.
   *
   * @param silence how long to wait for it
   * @return null when there will be none any more
   * @throws OperationException when the sender answered with an error
   * @throws IOException when the connection broke off or was silent
   */
  EventParser.@Nullable Item next(Duration silence)
      throws IOException, OperationException, InterruptedException {
    Read next = read.poll(silence.toNanos(), TimeUnit.NANOSECONDS);
    if (next == null) {
      throw new IOException(
          "neither an event nor a sign of life within " + silence.toMillis() + " ms");
    }
    if (next.failure() instanceof OperationException failure) {
      throw new OperationException(failure.code(), failure.getMessage(), failure);
    }
    if (next.failure() != null) {
      throw new IOException(String.valueOf(next.failure()), next.failure());
    }
    return next.item();
  }

  /** Ends the connection; the reading thread ends by itself. */
  @Override
  public void close() {
    reader.interrupt();
  }
}
