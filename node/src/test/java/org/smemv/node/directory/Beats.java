package org.smemv.node.directory;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** Heartbeats for tests; sizes in MiB. */
public final class Beats {
  public static final long MIB = 1L << 20;

  private Beats() {}

  public static Heartbeat host(String name, long free, Heartbeat.Vm... vms) {
    int number = Integer.parseInt(name.substring(1));
    return host(name, "10.0.0." + number + ":7400", 1000, 1, free, vms);
  }

  public static Heartbeat host(
      String name, String data, long startEpoch, long number, long free, Heartbeat.Vm... vms) {
    List<String> names = List.of(vms).stream().map(Heartbeat.Vm::name).toList();
    HostReport report =
        new HostReport(name, 65536 * MIB, free * MIB, 0, 100 * MIB, names, List.of());
    return new Heartbeat(report, data, startEpoch, number, 0, 125_000_000, List.of(), List.of(vms));
  }

  public static Heartbeat with(Heartbeat beat, List<String> labels, HostReport.Share... shares) {
    HostReport was = beat.host();
    HostReport report =
        new HostReport(
            was.name(),
            was.capacityBytes(),
            was.freeBytes(),
            was.reservedBytes(),
            was.usedBytes(),
            was.vms(),
            List.of(shares));
    return new Heartbeat(
        report,
        beat.data(),
        beat.startEpoch(),
        beat.number(),
        beat.reserveBytes(),
        beat.linkBytesPerSecond(),
        labels,
        beat.vms());
  }

  public static Heartbeat.Vm vm(String name, long memory, VmState state, long epoch) {
    return new Heartbeat.Vm(
        name,
        UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)),
        epoch,
        state,
        null,
        memory * MIB,
        memory * MIB,
        memory * MIB,
        0,
        0,
        List.<VmReport.Sub>of(),
        List.of());
  }

  public static Heartbeat.Vm vm(String name, long memory) {
    return vm(name, memory, VmState.RUNNING, 1);
  }

  /** The same, with a page on a host that it is leaving. */
  static Heartbeat.Vm leaving(Heartbeat.Vm vm, String host) {
    return new Heartbeat.Vm(
        vm.name(),
        vm.id(),
        vm.epoch(),
        vm.state(),
        null,
        vm.memoryBytes(),
        vm.mainMemoryBytes(),
        vm.residentBytes(),
        0,
        0,
        List.of(new VmReport.Sub(host, 4096, true)),
        List.of(host));
  }
}
