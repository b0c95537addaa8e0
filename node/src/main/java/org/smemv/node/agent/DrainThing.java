package org.smemv.node.agent;

import org.jspecify.annotations.Nullable;
import org.smemv.node.api.DrainReport;

/**
 * Something that is on a host which is to be emptied.
 *
 * @param id of the VM, or what else tells it from the others of its kind
 * @param name for people
 * @param mainHost where the VM runs, as far as this host knows
 * @param bytes of memory that it has here
 * @param waits why nothing can be done about it now but wait; null when it can be moved
 */
record DrainThing(
    DrainReport.Kind kind,
    String id,
    String name,
    String mainHost,
    long bytes,
    @Nullable String waits) {
  String key() {
    return kind + " " + id;
  }
}
