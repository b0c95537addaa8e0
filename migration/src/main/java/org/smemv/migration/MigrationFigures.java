package org.smemv.migration;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.smemv.placement.PageSize;

/**
 * When a migration did what, and what its rounds came to. Its thread notes, any may ask; times are
 * in milliseconds.
 */
final class MigrationFigures {
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NOT_YET = -1;

  private final LongSupplier now;
  private final long begun;
  private final Convergence convergence = new Convergence();
  private final DowntimeSteps steps = new DowntimeSteps();
  private volatile long copyBegun = NOT_YET;
  private volatile long paused = NOT_YET;
  private volatile long resumed = NOT_YET;
  private volatile long ended = NOT_YET;
  private volatile BodySource.@Nullable Round lastRound;
  private volatile long toGather;

  /**
   * The migration begins at this moment.
   *
   * @param now nanoseconds on a clock that only goes forward
   */
  MigrationFigures(LongSupplier now) {
    this.now = now;
    this.begun = now.getAsLong();
  }

  /** The rounds begin. */
  void copyBegins() {
    copyBegun = now.getAsLong();
  }

  /** A round has ended. */
  void add(BodySource.Round round) {
    convergence.add(round, PageSize.BYTES);
    lastRound = round;
  }

  /** The VM has stopped at its source, at this time on the clock. */
  void paused(long nanos) {
    paused = nanos;
    steps.begin(nanos);
  }

  /** A step of what is done while the VM stands is over. */
  void endStep(String step) {
    steps.end(step, now.getAsLong());
  }

  /** The VM runs at its new main host, or its stop is that host's to report from now on. */
  void resumed() {
    resumed = now.getAsLong();
  }

  void ended() {
    ended = now.getAsLong();
  }

  /** See {@link Migration#toGather}. */
  void toGather(long pages) {
    toGather = pages;
  }

  long toGather() {
    return toGather;
  }

  Convergence convergence() {
    return convergence;
  }

  BodySource.@Nullable Round lastRound() {
    return lastRound;
  }

  /** Before the first page was sent; -1 until then. */
  long setupMillis() {
    return copyBegun == NOT_YET ? -1 : (copyBegun - begun) / NANOS_PER_MILLI;
  }

  /** How long it has been copying. */
  long copyMillis() {
    return millisSince(copyBegun);
  }

  /** How long the VM would stand if it were stopped now; -1 before the first round. */
  long expectedDowntimeMillis() {
    return convergence.rounds() == 0 ? -1 : convergence.expectedDowntimeMillis();
  }

  /** How long the VM stood, or has stood so far; -1 before it was stopped. */
  long downtimeMillis() {
    if (paused == NOT_YET) {
      return -1;
    }
    return ((resumed == NOT_YET ? now.getAsLong() : resumed) - paused) / NANOS_PER_MILLI;
  }

  /** What the downtime was spent on, such as {@code last pages 8.1 ms, device state 9.4 ms}. */
  String downtimeSteps() {
    return steps.toString();
  }

  /** Since the beginning, or until the end. */
  long totalMillis() {
    return ((ended == NOT_YET ? now.getAsLong() : ended) - begun) / NANOS_PER_MILLI;
  }

  private long millisSince(long nanos) {
    return (now.getAsLong() - nanos) / NANOS_PER_MILLI;
  }
}
