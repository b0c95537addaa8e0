package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Share;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.qemu.QemuBody;
import org.smemv.node.qemu.QemuPlace;
import org.smemv.node.qemu.QemuSpec;
import org.smemv.paging.AttachException;

/**
 * The beginning of a VM that is to arrive here: its record, a QEMU that waits for the device state,
 * memory that is all zeros, and connections to its sub-hosts. Any thread, one VM at a time each.
 */
final class IncomingStart {
  private static final Duration QEMU_STARTS = Duration.ofSeconds(30);

  private final String host;
  private final HostPaths paths;
  private final Function<String, InetSocketAddress> addressOf;

  IncomingStart(String host, HostPaths paths, Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.paths = paths;
    this.addressOf = addressOf;
  }

  /**
   * Begins it; nothing of it is left when that fails.
   *
   * @param shares the sub-hosts that it will have
   * @throws IllegalArgumentException when the description is not of what was reserved
   */
  HostedVm start(Reservation reservation, QemuSpec spec, List<Share> shares)
      throws IOException, AttachException {
    String name = reservation.name();
    if (!spec.name().equals(name)
        || !spec.id().equals(reservation.vm())
        || spec.memoryBytes() != reservation.vmBytes()) {
      throw new IllegalArgumentException("its description is not the one that was reserved for");
    }
    VmRecord record =
        new VmRecord(
            name,
            reservation.vm(),
            reservation.epoch(),
            reservation.vmBytes(),
            reservation.bytes(),
            Phase.INCOMING,
            shares,
            null,
            0,
            false,
            reservation.source());
    QemuBody body = startIncoming(record, spec);
    try {
      allowIgnoreShared(body);
      return takeEmpty(record, body);
    } catch (IOException | AttachException | RuntimeException e) {
      body.stop();
      VmFiles.forget(paths, name, true);
      throw e;
    }
  }

  private QemuBody startIncoming(VmRecord record, QemuSpec spec) throws IOException {
    String name = record.name();
    try {
      record.write(paths.vm(name));
      Files.deleteIfExists(paths.ram(name));
      QemuPlace place = new QemuPlace(host, paths.vm(name), paths.ram(name));
      return QemuBody.start(spec, place, QemuBody.Mode.INCOMING, QEMU_STARTS);
    } catch (IOException | RuntimeException e) {
      forget(name, e); // else the record would say that its shares are needed
      throw e;
    }
  }

  private void forget(String name, Exception cause) {
    try {
      VmFiles.forget(paths, name, true);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private HostedVm takeEmpty(VmRecord record, QemuBody body) throws IOException, AttachException {
    HostedVm vm = HostedVm.take(paths, record, body);
    try {
      // Whatever QEMU put there while it started belongs to no page of the VM.
      vm.attachment().memory().ram().punchHole(0, record.memoryBytes());
      vm.startPager(host, addressOf);
      return vm;
    } catch (RuntimeException e) {
      vm.close();
      throw e;
    }
  }

  private static void allowIgnoreShared(QemuBody body) throws IOException {
    body.qmp()
        .execute(
            "migrate-set-capabilities",
            Map.of("capabilities", List.of(Map.of("capability", "x-ignore-shared", "state", true))),
            HostedVm.MONITOR);
  }
}
