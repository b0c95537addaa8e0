package org.smemv.node.api;

/**
 * Marks a host as one that is being emptied, or ends that.
 *
 * @param draining whether it refuses what is new
 */
public record SetDraining(boolean draining) {}
