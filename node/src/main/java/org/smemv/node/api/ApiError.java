package org.smemv.node.api;

/**
 * The body of an answer that is not a success.
 *
 * @param code the kind of failure
 * @param message what, where and what to do, for a person
 * @param host who says so
 */
public record ApiError(ErrorCode code, String message, String host) {}
