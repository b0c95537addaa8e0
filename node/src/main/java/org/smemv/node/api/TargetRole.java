package org.smemv.node.api;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What a host is to a VM. */
public enum TargetRole {
  /** It runs the VM. */
  @JsonProperty("main")
  MAIN,
  /** It holds a part of the VM's memory. */
  @JsonProperty("sub")
  SUB
}
