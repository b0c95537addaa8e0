package org.smemv.node.qemu;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * An event of QEMU.
 *
 * @param name such as {@code STOP}, {@code RESUME}, {@code MIGRATION}
 * @param data what came with it, an empty object when nothing did
 * @param qemuMicros QEMU's clock when it happened, microseconds since 1970; -1 when QEMU had none
 * @param receivedNanos {@link System#nanoTime} of this process when it was read
 */
public record QmpEvent(String name, JsonNode data, long qemuMicros, long receivedNanos) {}
