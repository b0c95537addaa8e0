package org.smemv.node.command;

import java.time.Duration;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;

/** Follows a migration to its end and shows how it goes on. */
final class MigrationWatch {
  private static final Duration POLL = Duration.ofMillis(200);

  /** Without a terminal: a line when the state changes, and this often. */
  private static final Duration LINE_EVERY = Duration.ofSeconds(2);

  /** A restarted agent is back by then. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(30);

  private final Screen screen;
  private final HostOperations source;
  private final ProgressLine progress;

  MigrationWatch(Screen screen, HostOperations source) {
    this.screen = screen;
    this.source = source;
    this.progress = ProgressLine.of(screen);
  }

  ExitCode watch(MigrationReport first) throws OperationException {
    MigrationReport report = first;
    MigrationState shown = null;
    long shownNanos = 0;
    while (!report.state().isOverOrStalled()) {
      boolean due = System.nanoTime() - shownNanos >= LINE_EVERY.toNanos();
      if (progress.live() || due || report.state() != shown) {
        screen.data(report);
        progress.show(report);
        shown = report.state();
        shownNanos = System.nanoTime();
      }
      pause();
      report = next(report.id());
    }
    progress.end();
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

  /** The source's agent may be restarted meanwhile. */
  private MigrationReport next(String id) throws OperationException {
    long deadline = System.nanoTime() + SILENCE_MAX.toNanos();
    while (true) {
      try {
        return source.migration(id);
      } catch (OperationException e) {
        if (e.code() != ErrorCode.UNREACHABLE_HOST || System.nanoTime() - deadline >= 0) {
          throw e;
        }
      }
      pause();
    }
  }

  private static void pause() throws OperationException {
    try {
      Thread.sleep(POLL);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException(
          ErrorCode.FAILED, "interrupted; the migration goes on: smemv vm migration status", e);
    }
  }
}
