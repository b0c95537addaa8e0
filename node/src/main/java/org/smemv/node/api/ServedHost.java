package org.smemv.node.api;

/** What an agent offers over its API: the operations, and figures for monitoring. */
public interface ServedHost extends HostOperations {
  /** The figures of this moment. Asks neither another host nor a QEMU, so it answers at once. */
  HostMetrics metrics();
}
