/**
 * The {@code smemv} command: what people and scripts type.
 *
 * <p>{@link org.smemv.node.command.SmemvCommand} is the root; every other command is a {@link
 * org.smemv.node.command.SmemvTask}. Commands find hosts through {@link
 * org.smemv.node.command.KnownHosts} and print through {@link org.smemv.node.command.Screen}, for
 * people or as JSON.
 */
@NullMarked
package org.smemv.node.command;

import org.jspecify.annotations.NullMarked;
