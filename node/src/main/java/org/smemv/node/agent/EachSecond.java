package org.smemv.node.agent;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tries what must come true sooner or later, on a thread of its own. */
final class EachSecond {
  private static final Logger log = LoggerFactory.getLogger(EachSecond.class);

  static final Duration PAUSE = Duration.ofSeconds(1);

  private EachSecond() {}

  /**
   * Tries after a second, and again each second.
   *
   * @param thread its name
   * @param done ends it with true; one that throws is tried again
   */
  static void until(String thread, BooleanSupplier done) {
    until(thread, PAUSE, done);
  }

  /** The same with another pause than a second. */
  static void until(String thread, Duration pause, BooleanSupplier done) {
    Thread.ofPlatform().name(thread).daemon().start(() -> tryAll(pause, done, pause));
  }

  /** The same, but tries at once, too. */
  static void fromNow(String thread, BooleanSupplier done) {
    Thread.ofPlatform().name(thread).daemon().start(() -> tryAll(Duration.ZERO, done, PAUSE));
  }

  private static void tryAll(Duration first, BooleanSupplier done, Duration pause) {
    try {
      Thread.sleep(first);
      while (!isDone(done)) {
        Thread.sleep(pause);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What breaks once, as when memory is short, must come true all the same. */
  private static boolean isDone(BooleanSupplier done) {
    try {
      return done.getAsBoolean();
    } catch (RuntimeException | Error e) {
      log.error("{} broke, and is tried again", Thread.currentThread().getName(), e);
      return false;
    }
  }
}
