package org.smemv.node.agent;

import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.OperationException;
import org.smemv.node.directory.PlanQuestion;

/** Finds places for what has to leave its host. Safe for use by many threads. */
@FunctionalInterface
interface Places {
  /**
   * The plan, which promises nothing: a host alone grants its memory.
   *
   * @throws OperationException when there is none, with what is missing
   */
  DirectoryPlan find(PlanQuestion question) throws OperationException;
}
