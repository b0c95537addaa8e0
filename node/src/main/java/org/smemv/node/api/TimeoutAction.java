package org.smemv.node.api;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What to do with a migration that takes too long. */
public enum TimeoutAction {
  /** Give up; the VM goes on at its source. */
  @JsonProperty("abort")
  ABORT,
  /** Switch over with a longer pause than was allowed. */
  @JsonProperty("force")
  FORCE,
  /** Switch over; what has not moved yet follows. */
  @JsonProperty("postcopy")
  POSTCOPY
}
