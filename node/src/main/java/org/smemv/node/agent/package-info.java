/**
 * The daemon of one host, in both of its roles: it runs VMs ({@link org.smemv.node.agent.HostedVm})
 * and holds pages of VMs that run elsewhere ({@link org.smemv.node.agent.HeldShares}). Operators
 * ask it through {@link org.smemv.node.agent.HostAgent}, other hosts through {@link
 * org.smemv.node.agent.ControlRequests}.
 */
@NullMarked
package org.smemv.node.agent;

import org.jspecify.annotations.NullMarked;
