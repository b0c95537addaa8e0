package org.smemv.node.api;

/**
 * Changes how much of a VM's memory may be on its main host, while it runs.
 *
 * @param bytes whole pages
 */
public record SetMainMemory(long bytes) {
  public SetMainMemory {
    RequestCheck.pages("main memory", bytes);
  }
}
