package org.smemv.node.api;

import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * How to reach a host.
 *
 * @param name of the host
 * @param api its operator API
 * @param data address of its agent for other agents; an IP address, never looked up
 */
public record HostEntry(String name, ApiAddress api, InetSocketAddress data) {
  /** A host whose API listens on a Unix socket. */
  public HostEntry(String name, Path api, InetSocketAddress data) {
    this(name, new ApiAddress.UnixSocket(api), data);
  }
}
