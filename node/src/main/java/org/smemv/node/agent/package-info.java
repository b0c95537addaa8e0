/**
 * The daemon of one host, in both of its roles: it runs VMs ({@link org.smemv.node.agent.HostedVm})
 * and holds pages of VMs that run elsewhere ({@link org.smemv.node.agent.HeldShares}).
 *
 * <p>{@link org.smemv.node.agent.HostAgent} puts the parts together and, at its start, takes hold
 * again of the VMs that a dead agent left running. Operators come in through {@link
 * org.smemv.node.agent.Operations} and {@link org.smemv.node.agent.LocalVms}, other hosts through
 * {@link org.smemv.node.agent.ControlRequests}. A VM that leaves is a matter of {@link
 * org.smemv.node.agent.Departures} and {@link org.smemv.node.agent.LocalBody}; one that comes, of
 * {@link org.smemv.node.agent.Arrivals}. What must be known after a crash is in a {@link
 * org.smemv.node.agent.VmRecord} on disk before it counts.
 */
@NullMarked
package org.smemv.node.agent;

import org.jspecify.annotations.NullMarked;
