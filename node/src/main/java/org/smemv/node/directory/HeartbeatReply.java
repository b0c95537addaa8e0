package org.smemv.node.directory;

import org.jspecify.annotations.Nullable;

/**
 * What the directory answers to a {@link Heartbeat}.
 *
 * @param refused why it is not listed; null when it is
 */
public record HeartbeatReply(@Nullable String refused) {}
