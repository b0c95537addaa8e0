package org.smemv.node.api;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What moves before a VM runs at its new main host. */
public enum MigrationMode {
  /** All its pages. */
  @JsonProperty("precopy")
  PRECOPY,
  /** The body alone: pages follow on demand and in the background. */
  @JsonProperty("postcopy")
  POSTCOPY,
  /** One round of pages; the rest as in post-copy. */
  @JsonProperty("hybrid")
  HYBRID
}
