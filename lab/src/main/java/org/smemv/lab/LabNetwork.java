package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One switch, a link to each host and one to the clients. A host's end of its link is a port of the
 * host's own bridge {@code br0}, which carries the host's address and takes the taps of its VMs, so
 * a VM keeps its address wherever it runs. Both ends of a host's link are shaped, one for each
 * direction; the clients' link is not.
 */
final class LabNetwork {
  static final String PREFIX = "smemv-";
  static final NetworkNamespace SWITCH = new NetworkNamespace(PREFIX + "sw");
  static final NetworkNamespace CLIENT = new NetworkNamespace(PREFIX + "client");

  /** Beside the hosts (10.77.0.x) and the guests (10.77.1.x). */
  static final String CLIENT_ADDRESS = "10.77.2.1";

  static final String BRIDGE = "br0";
  static final String UPLINK = "uplink";
  private static final String CLIENT_PORT = "client";

  /** A queue this deep lets TCP fill the line; a deeper one only makes page faults wait. */
  private static final String QUEUE_LATENCY = "5ms";

  private static final Pattern OUR_NAMES = Pattern.compile("smemv-(h\\d+|sw|client)");

  private LabNetwork() {}

  /**
   * Makes it all.
   *
   * @throws LabException when the kernel lacks a feature; the caller removes what was made
   */
  static void build(LabPlan plan) {
    SWITCH.create();
    SWITCH.ip(
        List.of(
            "link set lo up",
            "link add name %s mtu %d type bridge forward_delay 0 mcast_snooping 0"
                .formatted(BRIDGE, plan.mtu()),
            "link set %s up".formatted(BRIDGE)));
    for (HostPlan host : plan.hosts()) {
      connect(host, plan);
    }
    connectClient(plan.mtu());
  }

  private static void connect(HostPlan host, LabPlan plan) {
    NetworkNamespace namespace = host.namespace();
    namespace.create();
    plug(host.name(), namespace, plan.mtu());
    namespace.ip(
        List.of(
            "link set lo up",
            // Else it takes the lowest address of its ports and changes it with every tap, and
            // the other hosts go on sending to the one before.
            "link add name %s address %s mtu %d type bridge forward_delay 0 mcast_snooping 0"
                .formatted(BRIDGE, hardwareAddress(host), plan.mtu()),
            "link set %s master %s up".formatted(UPLINK, BRIDGE),
            "addr add %s/16 dev %s".formatted(host.address(), BRIDGE),
            "link set %s up".formatted(BRIDGE)));
    shape(namespace, UPLINK, host.link());
    shape(SWITCH, host.name(), host.link());
  }

  private static String hardwareAddress(HostPlan host) {
    return "02:00:00:4d:56:%02x".formatted(host.number());
  }

  private static void connectClient(int mtu) {
    CLIENT.create();
    plug(CLIENT_PORT, CLIENT, mtu);
    CLIENT.ip(
        List.of(
            "link set lo up",
            "addr add %s/16 dev %s".formatted(CLIENT_ADDRESS, UPLINK),
            "link set %s up".formatted(UPLINK)));
  }

  private static void plug(String port, NetworkNamespace namespace, int mtu) {
    SWITCH.ip(
        List.of(
            "link add name %s mtu %d type veth peer name %s mtu %d netns %s"
                .formatted(port, mtu, UPLINK, mtu, namespace.name()),
            "link set %s master %s up".formatted(port, BRIDGE)));
  }

  private static void shape(NetworkNamespace namespace, String device, LinkRate rate) {
    try {
      namespace.tc(
          "qdisc",
          "add",
          "dev",
          device,
          "root",
          "tbf", //
          "rate",
          rate.bitsPerSecond() + "bit",
          "burst",
          Long.toString(rate.burstBytes()),
          "latency",
          QUEUE_LATENCY);
    } catch (LabException e) {
      throw new LabException(
          "cannot limit a link's rate; the lab needs a kernel with the tbf queueing discipline"
              + " (CONFIG_NET_SCH_TBF): "
              + e.getMessage(),
          e);
    }
  }

  /** Pulls the host's cable out of the switch. */
  static void cut(HostPlan host) {
    SWITCH.ip(List.of("link set %s down".formatted(host.name())));
  }

  static void restore(HostPlan host) {
    SWITCH.ip(List.of("link set %s up".formatted(host.name())));
  }

  /** A tap on the host's bridge, for one network card of a VM. */
  static void addTap(HostPlan host, String tap) {
    host.namespace()
        .ip(
            List.of(
                "tuntap add dev %s mode tap".formatted(tap),
                "link set %s master %s up".formatted(tap, BRIDGE)));
  }

  static void removeTap(HostPlan host, String tap) {
    host.namespace().ip(List.of("link delete %s".formatted(tap)));
  }

  /** Every namespace of a lab that is on this machine, also of one that was never completed. */
  static List<NetworkNamespace> existing() {
    if (!Files.isDirectory(NetworkNamespace.FOLDER)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(NetworkNamespace.FOLDER)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> OUR_NAMES.matcher(name).matches())
          .map(NetworkNamespace::new)
          .toList();
    } catch (IOException e) {
      throw new LabException("cannot read " + NetworkNamespace.FOLDER + ": " + e, e);
    }
  }
}
