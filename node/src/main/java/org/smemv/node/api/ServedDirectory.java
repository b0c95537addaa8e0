package org.smemv.node.api;

/** What a directory can be asked over its API: what operators ask, and what monitoring does. */
public interface ServedDirectory extends DirectoryOperations {
  /** Its figures now. */
  DirectoryMetrics metrics();
}
