package org.smemv.node;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.smemv.node.api.ApiAddress;

/**
 * How a host agent is set up.
 *
 * @param name the host's name
 * @param data where it listens for other agents
 * @param api where its operator API listens
 * @param state its directory; holds {@code vms/NAME} and the tmpfs {@code ram}
 * @param capacityBytes memory it may use for VMs and shares, whole pages
 * @param hostsFile where the other hosts are listed
 * @param fleet what it tells the directory
 */
public record AgentOptions(
    String name,
    InetSocketAddress data,
    ApiAddress api,
    Path state,
    long capacityBytes,
    Path hostsFile,
    FleetOptions fleet) {}
