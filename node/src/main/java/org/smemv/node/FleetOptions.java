package org.smemv.node;

import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an agent tells the directory about its host.
 *
 * @param directory the directory's data port; null when there is none
 * @param linkBytesPerSecond of its network card; 0 to read it from the system
 * @param reserveBytes of its free memory that plans leave alone
 * @param labels that VMs may be kept apart from
 */
public record FleetOptions(
    @Nullable InetSocketAddress directory,
    long linkBytesPerSecond,
    long reserveBytes,
    List<String> labels) {
  /** No directory. */
  public static final FleetOptions ALONE = new FleetOptions(null, 0, 0, List.of());

  public FleetOptions {
    labels = List.copyOf(labels);
  }
}
