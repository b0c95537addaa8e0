package org.smemv.node.api;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * Something that happened to a migration.
 *
 * @param id 1, 2, ... within the migration; a follower that comes back names the last one it has
 * @param kind what is new
 * @param report the migration at that moment
 */
public record MigrationEvent(long id, Kind kind, MigrationReport report) {
  /** What is new. */
  public enum Kind {
    /** Another state, or another reason why it is stalled. */
    @JsonProperty("state")
    STATE,
    /** Figures only. */
    @JsonProperty("progress")
    PROGRESS
  }

  /** True when none can follow it. */
  public boolean isLast() {
    return report.state().isOver();
  }
}
