package org.smemv.node.command;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrationEvent;
import org.smemv.node.api.MigrationFollower;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;

/** Follows a migration to its end, by its events, and shows how it goes on. */
final class MigrationWatch implements MigrationFollower {
  /** Without a terminal: a line when the state changes, and this often. */
  private static final Duration LINE_EVERY = Duration.ofSeconds(2);

  /** A restarted agent is back by then. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(30);

  private static final Duration RETRY = Duration.ofMillis(200);

  private final Screen screen;
  private final HostOperations source;
  private final ProgressLine progress;
  private MigrationReport latest;
  private long lastEvent;
  private long heardNanos = System.nanoTime();
  private @Nullable MigrationState shown;
  private long shownNanos;

  /**
   * @param first how the migration is now
   */
  MigrationWatch(Screen screen, HostOperations source, MigrationReport first) {
    this.screen = screen;
    this.source = source;
    this.progress = ProgressLine.of(screen);
    this.latest = first;
  }

  /** Returns when there is nothing to wait for any more: it is over, or stalled. */
  MigrationReport await() throws OperationException {
    show();
    while (!isEnded()) {
      follow();
    }
    progress.end();
    return latest;
  }

  /** As {@link #await()}, and prints the outcome. */
  ExitCode watch() throws OperationException {
    MigrationReport report = await();
    screen.data(report);
    MigrationText.summary(report).forEach(screen::line);
    return exitCode(report);
  }

  static ExitCode exitCode(MigrationReport report) {
    return switch (report.state()) {
      case ABORTED -> ExitCode.FAILED;
      case STALLED -> ExitCode.STALLED;
      // Moved, but with a reason why it does not run yet.
      case DONE -> report.reason() == null ? ExitCode.OK : ExitCode.STALLED;
      default -> ExitCode.OK;
    };
  }

  private boolean isEnded() {
    return latest.state().isOverOrStalled();
  }

  /** The source's agent may be restarted meanwhile. */
  private void follow() throws OperationException {
    try {
      source.follow(latest.id(), lastEvent, this);
    } catch (OperationException e) {
      boolean silent = System.nanoTime() - heardNanos >= SILENCE_MAX.toNanos();
      if (e.code() != ErrorCode.UNREACHABLE_HOST || silent) {
        throw e;
      }
    }
    if (!isEnded()) {
      pause();
    }
  }

  @Override
  public boolean happened(MigrationEvent event) {
    heardNanos = System.nanoTime();
    lastEvent = event.id();
    latest = event.report();
    show();
    return !isEnded();
  }

  @Override
  public boolean quiet() {
    heardNanos = System.nanoTime();
    return true;
  }

  /** The end is told by who asked for it. */
  private void show() {
    boolean due = System.nanoTime() - shownNanos >= LINE_EVERY.toNanos();
    if (!isEnded() && (progress.live() || due || latest.state() != shown)) {
      screen.data(latest);
      progress.show(latest);
      shown = latest.state();
      shownNanos = System.nanoTime();
    }
  }

  private static void pause() throws OperationException {
    try {
      Thread.sleep(RETRY);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException(
          ErrorCode.FAILED, "interrupted; the migration goes on: smemv vm migration status", e);
    }
  }
}
