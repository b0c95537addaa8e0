/**
 * The directory: which host has how much memory free, and where each VM is (section 3.1 of the
 * paper). Agents tell it every two seconds over the framed CONTROL protocol; all of it is soft
 * state, and nothing breaks while it is away.
 *
 * <p>{@link org.smemv.node.directory.Heartbeat} is what an agent says, {@link
 * org.smemv.node.directory.HostDirectory} what is remembered of it and answered, {@link
 * org.smemv.node.directory.DirectoryDaemon} the process.
 */
@NullMarked
package org.smemv.node.directory;

import org.jspecify.annotations.NullMarked;
