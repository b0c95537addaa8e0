package org.smemv.node.agent;

import java.util.EnumMap;
import java.util.Map;
import org.smemv.migration.MigrationState;

/**
 * Figures of several migrations together.
 *
 * @param byState how many are in each state
 * @param sentBytes by all of them
 */
record MigrationSums(Map<MigrationState, Long> byState, long sentBytes) {
  static final MigrationSums NONE = new MigrationSums(Map.of(), 0);

  MigrationSums {
    byState = Map.copyOf(byState);
  }

  /** With one more. */
  MigrationSums plus(MigrationJob job) {
    Map<MigrationState, Long> states = new EnumMap<>(MigrationState.class);
    states.putAll(byState);
    states.merge(job.migration().state(), 1L, Long::sum);
    return new MigrationSums(states, sentBytes + job.sentBytes());
  }
}
