package org.smemv.node.command;

import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;

/** Cancels a migration and waits for what became of it: the commit may have been faster. */
final class MigrationCancel {
  private final Screen screen;
  private final HostOperations source;

  MigrationCancel(Screen screen, HostOperations source) {
    this.screen = screen;
    this.source = source;
  }

  /**
   * Returns when the VM goes on at its source.
   *
   * @throws OperationException {@code BUSY} when it is too late, with the reason
   */
  ExitCode cancel(String id) throws OperationException {
    MigrationReport asked = source.cancel(id);
    MigrationReport ended = new MigrationWatch(screen, source, asked).await();
    screen.data(ended);
    MigrationText.summary(ended).forEach(screen::line);
    if (ended.state() != MigrationState.ABORTED) {
      throw new OperationException(
          ErrorCode.BUSY,
          "the cancellation came too late for migration " + id + ": it is " + ended.state());
    }
    return ExitCode.OK;
  }
}
