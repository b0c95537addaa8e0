package org.smemv.node.agent;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Tries what must come true sooner or later, on a thread of its own. */
final class EachSecond {
  static final Duration PAUSE = Duration.ofSeconds(1);

  private EachSecond() {}

  /**
   * Tries after a second, and again each second.
   *
   * @param thread its name
   * @param done ends it with true
   */
  static void until(String thread, BooleanSupplier done) {
    until(thread, PAUSE, done);
  }

  static void until(String thread, Duration pause, BooleanSupplier done) {
    Thread.ofPlatform().name(thread).daemon().start(() -> tryAll(pause, done));
  }

  private static void tryAll(Duration pause, BooleanSupplier done) {
    try {
      do {
        Thread.sleep(pause);
      } while (!done.getAsBoolean());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
