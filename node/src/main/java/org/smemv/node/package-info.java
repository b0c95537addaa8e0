/**
 * What runs on a host. The agent ({@code agent}) answers operators ({@code api}) and other agents,
 * and drives QEMU ({@code qemu}); the command line ({@code command}) starts the agent and asks it.
 *
 * <p>Here are only the two types by which the command finds the agent without depending on it,
 * {@link org.smemv.node.AgentOptions} and {@link org.smemv.node.AgentMain}, and how files are
 * written that must outlive a crash, {@link org.smemv.node.RecordFile}.
 */
@NullMarked
package org.smemv.node;

import org.jspecify.annotations.NullMarked;
