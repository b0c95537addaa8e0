package org.smemv.bench;

import org.smemv.lab.RunningLoad;
import org.smemv.node.api.OperationException;

/** One VM and its one migration, by one of the two ways that are compared. One thread. */
interface MigrationSide extends AutoCloseable {
  /** Starts the VM on the first host. */
  void boot() throws OperationException;

  /** Moves it, and waits for the end. The client's gap is not known here. */
  MigrationSample migrate() throws OperationException;

  /** Ends the load; the longest time in which the client got no answer. */
  double clientGapMillis(RunningLoad load);

  /** Ends the VM, wherever it is. */
  @Override
  void close() throws OperationException;
}
