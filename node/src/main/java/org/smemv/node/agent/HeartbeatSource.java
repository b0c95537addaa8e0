package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.smemv.node.AgentOptions;
import org.smemv.node.FleetOptions;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.VmState;
import org.smemv.node.directory.Heartbeat;

/** Makes the heartbeats of this host from what its parts know; asks no QEMU. Any thread. */
final class HeartbeatSource {
  private final AgentOptions options;
  private final Supplier<HostReport> description;
  private final HostedVms vms;
  private final LocalVms local;
  private final long startEpoch = System.currentTimeMillis();

  HeartbeatSource(
      AgentOptions options, Supplier<HostReport> description, HostedVms vms, LocalVms local) {
    this.options = options;
    this.description = description;
    this.vms = vms;
    this.local = local;
  }

  /**
   * The next heartbeat.
   *
   * @param directory whom it is for: it may say which of its addresses this host is to be found at
   * @throws IOException when this host has no address to be found at
   * @throws IllegalArgumentException when there is more to tell than a heartbeat takes
   */
  Heartbeat next(InetSocketAddress directory, long number) throws IOException {
    FleetOptions fleet = options.fleet();
    InetSocketAddress data = OwnAddress.of(options.data(), directory);
    long rate = fleet.linkBytesPerSecond();
    return new Heartbeat(
        description.get(),
        OwnAddress.text(data),
        startEpoch,
        number,
        fleet.reserveBytes(),
        rate == 0 ? OwnAddress.linkBytesPerSecond(data.getAddress()) : rate,
        fleet.labels(),
        rows());
  }

  private List<Heartbeat.Vm> rows() {
    List<Heartbeat.Vm> rows = new ArrayList<>();
    for (HostedVms.Entry entry : vms.all()) {
      MigrationJob job = local.departures().running(entry.vm().record().name());
      rows.add(entry.reports().heartbeat(job == null ? null : job.id()));
    }
    for (UnheldVm vm : vms.unheld()) {
      VmRecord record = vm.record();
      if (record != null) {
        rows.add(unheld(vm, record));
      }
    }
    return rows;
  }

  private static Heartbeat.Vm unheld(UnheldVm vm, VmRecord record) {
    return new Heartbeat.Vm(
        record.name(),
        record.id(),
        record.epoch(),
        VmState.STALLED,
        vm.description(),
        record.memoryBytes(),
        record.mainMemoryBytes(),
        0,
        0,
        0,
        List.of(),
        List.of());
  }
}
