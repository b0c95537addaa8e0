package org.smemv.lab;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.smemv.node.api.Size;

/**
 * What a lab is to look like.
 *
 * @param hosts 1 to 32 hosts, numbered from 1
 * @param mtu bytes, 576 to 9000
 */
public record LabPlan(List<HostPlan> hosts, int mtu) {
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
   * Hosts with these capacities in bytes, and equal links.
   *
   * @param capacities one for each host
   */
  public static LabPlan of(List<Long> capacities, LinkRate link, int mtu) {
    return of(capacities, Collections.nCopies(capacities.size(), link), mtu);
  }

  /**
   * Hosts with these capacities in bytes and links.
   *
   * @param capacities one for each host
   * @param links one for each host
   * @throws LabException when there are not as many of both
   */
  public static LabPlan of(List<Long> capacities, List<LinkRate> links, int mtu) {
    oneForEach("link rates", "rate", links.size(), capacities.size());
    List<HostPlan> hosts = new ArrayList<>();
    for (int i = 0; i < capacities.size(); i++) {
      hosts.add(new HostPlan(i + 1, capacities.get(i), links.get(i)));
    }
    return new LabPlan(hosts, mtu);
  }

  /**
   * From the options of {@code lab up}.
   *
   * @param hostCount how many hosts
   * @param memory one size for all hosts, or as many as there are hosts
   * @param link one rate for all hosts, or as many as there are hosts, with commas in between
   * @throws LabException when they do not fit together
   */
  public static LabPlan of(int hostCount, List<String> memory, String link, int mtu) {
    List<Long> sizes = forAll(hostCount, memory.stream().map(LabPlan::bytes).toList());
    oneForEach("memory sizes", "size", sizes.size(), hostCount);
    List<LinkRate> rates = Arrays.stream(link.split(",", -1)).map(LinkRate::parse).toList();
    return of(sizes, forAll(hostCount, rates), mtu);
  }

  /** One value stands for all hosts. */
  private static <T> List<T> forAll(int hostCount, List<T> values) {
    return values.size() == 1
        ? Collections.nCopies(Math.max(1, hostCount), values.getFirst())
        : values;
  }

  private static void oneForEach(String what, String one, int given, int hosts) {
    if (given != hosts) {
      throw new LabException(
          "%d hosts but %d %s: give one %s for all or one for each host"
              .formatted(hosts, given, what, one));
    }
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
