package org.smemv.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.smemv.node.api.Size;

/**
 * What a lab is to look like.
 *
 * @param hosts 1 to 32 hosts, numbered from 1
 * @param link rate of every host's link, in each direction
 * @param mtu bytes, 576 to 9000
 */
public record LabPlan(List<HostPlan> hosts, LinkRate link, int mtu) {
  private static final int HOSTS_MAX = 32;
  private static final int MTU_MIN = 576;
  private static final int MTU_MAX = 9000;

  /** The bridge that every host has, for the network cards of its VMs. */
  public static final String BRIDGE = LabNetwork.BRIDGE;

  /** The usual Ethernet. */
  public static final int DEFAULT_MTU = 1500;

  /**
   * @throws LabException when a number is out of its range
   */
  public LabPlan {
    hosts = List.copyOf(hosts);
    if (hosts.isEmpty() || hosts.size() > HOSTS_MAX) {
      throw new LabException("a lab has 1 to %d hosts, not %d".formatted(HOSTS_MAX, hosts.size()));
    }
    if (mtu < MTU_MIN || mtu > MTU_MAX) {
      throw new LabException(
          "the MTU must be between %d and %d, not %d".formatted(MTU_MIN, MTU_MAX, mtu));
    }
  }

  /**
   * Hosts with these capacities in bytes.
   *
   * @param capacities one for each host
   */
  public static LabPlan of(List<Long> capacities, LinkRate link, int mtu) {
    List<HostPlan> hosts = new ArrayList<>();
    for (long capacity : capacities) {
      hosts.add(new HostPlan(hosts.size() + 1, capacity));
    }
    return new LabPlan(hosts, link, mtu);
  }

  /**
   * From the options of {@code lab up}.
   *
   * @param hostCount how many hosts
   * @param memory one size for all hosts, or as many as there are hosts
   * @throws LabException when they do not fit together
   */
  public static LabPlan of(int hostCount, List<String> memory, String link, int mtu) {
    List<Long> sizes = memory.stream().map(LabPlan::bytes).collect(Collectors.toList());
    if (sizes.size() == 1) {
      while (sizes.size() < hostCount) {
        sizes.add(sizes.getFirst());
      }
    }
    if (sizes.size() != hostCount) {
      throw new LabException(
          "%d hosts but %d memory sizes: give one size for all or one for each host"
              .formatted(hostCount, sizes.size()));
    }
    return of(sizes, LinkRate.parse(link), mtu);
  }

  private static Long bytes(String size) {
    try {
      return Size.parse(size);
    } catch (IllegalArgumentException e) {
      throw new LabException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * The host of that name.
   *
   * @throws LabException when there is none
   */
  public HostPlan host(String name) {
    return hosts.stream()
        .filter(host -> host.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new LabException(
                    "the lab has no host '%s'; it has %s"
                        .formatted(
                            name,
                            hosts.stream().map(HostPlan::name).collect(Collectors.joining(", ")))));
  }
}
