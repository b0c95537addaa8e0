package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.Json;
import org.smemv.node.qemu.QemuBody;
import org.smemv.node.qemu.QemuPlace;
import org.smemv.node.qemu.QemuSpec;
import org.smemv.paging.AttachException;
import org.smemv.paging.BodySink;
import org.smemv.paging.ErrorCode;
import org.smemv.paging.FrameException;
import org.smemv.paging.IncomingMemory;
import org.smemv.placement.MemoryLedger;

/**
 * VMs that move here: memory reserved, a QEMU that waits, pages that arrive, the device state, and
 * the decision. One step of one VM at a time.
 */
final class Arrivals {
  private static final Logger log = LoggerFactory.getLogger(Arrivals.class);
  private static final Duration QEMU_STARTS = Duration.ofSeconds(30);

  private final String host;
  private final HostPaths paths;
  private final MemoryLedger ledger;
  private final HostedVms vms;
  private final Function<String, InetSocketAddress> addressOf;
  private final Map<UUID, Reservation> reserved = new HashMap<>();
  private final Map<UUID, Long> reservedAt = new HashMap<>();
  private final Map<UUID, Long> framesSeen = new HashMap<>();

  Arrivals(
      String host,
      HostPaths paths,
      MemoryLedger ledger,
      HostedVms vms,
      Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.paths = paths;
    this.ledger = ledger;
    this.vms = vms;
    this.addressOf = addressOf;
  }

  synchronized void reserve(Reservation wanted) throws HostException {
    Reservation before = reserved.get(wanted.vm());
    if (wanted.equals(before)) {
      return;
    }
    HostedVms.Entry sameName = vms.get(wanted.name());
    if (sameName != null) {
      throw refused("it has a VM named " + wanted.name() + " already");
    }
    if (before != null) {
      throw refused("VM " + wanted.name() + " is arriving there already");
    }
    try {
      ledger.grant(key(wanted), wanted.bytes());
    } catch (MemoryLedger.NotEnough e) {
      throw new HostException(HostException.Kind.CAPACITY, String.valueOf(e.getMessage()), e);
    }
    reserved.put(wanted.vm(), wanted);
    reservedAt.put(wanted.vm(), System.nanoTime());
  }

  private static MemoryLedger.Key key(Reservation reservation) {
    return new MemoryLedger.Key(reservation.vm(), MemoryLedger.Use.MAIN);
  }

  private static HostException refused(String why) {
    return new HostException(HostException.Kind.REFUSED, why);
  }

  synchronized void prepare(UUID id, long epoch, String body, List<Share> shares)
      throws HostException {
    Reservation reservation = reserved.get(id);
    if (reservation == null || reservation.epoch() != epoch) {
      throw refused("it has no reservation for VM " + id + " with epoch " + epoch);
    }
    if (vms.get(id) != null) {
      return;
    }
    try {
      QemuSpec spec = Json.read(body, QemuSpec.class);
      vms.add(start(reservation, spec, shares));
    } catch (IOException | AttachException | IllegalArgumentException e) {
      throw new HostException(
          HostException.Kind.REFUSED,
          "it cannot take VM " + reservation.name() + ": " + e.getMessage(),
          e);
    }
  }

  private HostedVm start(Reservation reservation, QemuSpec spec, List<Share> shares)
      throws IOException, AttachException {
    String name = reservation.name();
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
            0);
    record.write(paths.vm(name));
    QemuPlace place = new QemuPlace(host, paths.vm(name), paths.ram(name));
    QemuBody body = QemuBody.start(spec, place, QemuBody.Mode.INCOMING, QEMU_STARTS);
    try {
      allowIgnoreShared(body);
      HostedVm vm = HostedVm.take(paths, record, body);
      vm.startPager(host, addressOf);
      vm.expectPages();
      return vm;
    } catch (IOException | AttachException | RuntimeException e) {
      body.stop();
      HostedVm.forget(paths, name, true);
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

  /** Where the device state of an arriving VM goes; null when it is not arriving here. */
  synchronized @Nullable BodySink bodySink(UUID id, long epoch) {
    HostedVm vm = vms.get(id);
    if (vm == null || vm.record().phase() != Phase.INCOMING) {
      return null;
    }
    if (vm.record().epoch() != epoch) {
      throw new FrameException(
          ErrorCode.STALE_EPOCH,
          "VM " + id + " arrives with epoch " + vm.record().epoch() + ", not " + epoch);
    }
    return new IncomingBody(vm);
  }

  synchronized void commit(UUID id, long epoch) throws HostException {
    HostedVm vm = vms.get(id);
    if (vm == null || vm.record().epoch() != epoch) {
      throw refused("VM " + id + " is not arriving there with epoch " + epoch);
    }
    if (vm.record().phase() == Phase.HERE) {
      return;
    }
    try {
      if (!vm.migrationStatus().equals("completed")) {
        throw refused("its device state has not arrived");
      }
      vm.become(vm.record().here());
      reserved.remove(id);
      reservedAt.remove(id);
      framesSeen.remove(id);
    } catch (IOException e) {
      throw new HostException(HostException.Kind.REFUSED, String.valueOf(e.getMessage()), e);
    }
  }

  /** Whether the VM was taken; when it was not, it never will be any more. */
  synchronized boolean decided(UUID id, long epoch) {
    HostedVm vm = vms.get(id);
    if (vm != null && vm.record().phase() != Phase.INCOMING && vm.record().epoch() >= epoch) {
      return true;
    }
    release(id, epoch);
    return false;
  }

  synchronized void resume(UUID id, long epoch) throws HostException {
    HostedVm vm = vms.get(id);
    if (vm == null || vm.record().epoch() < epoch || vm.record().phase() != Phase.HERE) {
      throw refused("VM " + id + " was not taken there with epoch " + epoch);
    }
    try {
      vm.run();
    } catch (IOException e) {
      throw new HostException(HostException.Kind.REFUSED, String.valueOf(e.getMessage()), e);
    }
    Thread.ofVirtual().start(() -> afterResume(vm));
  }

  private static void afterResume(HostedVm vm) {
    vm.keepWithinLimit();
    try {
      // Switches learn where the VM's address is now.
      vm.body()
          .qmp()
          .execute(
              "announce-self",
              Map.of("initial", 50, "max", 550, "rounds", 5, "step", 50),
              HostedVm.MONITOR);
    } catch (IOException e) {
      log.warn("VM {}: could not announce itself", vm.record().name(), e);
    }
  }

  /** Ends an arrival that did not commit. Unknown ones are fine. */
  synchronized void release(UUID id, long epoch) {
    Reservation reservation = reserved.get(id);
    if (reservation == null || reservation.epoch() > epoch) {
      return;
    }
    HostedVm vm = vms.get(id);
    if (vm != null && vm.record().phase() == Phase.INCOMING) {
      vms.remove(vm);
      try {
        vm.destroy();
      } catch (IOException e) {
        log.error("VM {}: what arrived here could not be removed", reservation.name(), e);
      }
    }
    reserved.remove(id);
    reservedAt.remove(id);
    framesSeen.remove(id);
    ledger.release(key(reservation));
  }

  /** Ends reservations of migrations that are not heard of any more. */
  synchronized void lapse() {
    long now = System.nanoTime();
    for (Reservation reservation : List.copyOf(reserved.values())) {
      UUID id = reservation.vm();
      HostedVm vm = vms.get(id);
      IncomingMemory memory = vm == null ? null : vm.incoming();
      long frames = memory == null ? 0 : memory.frames();
      if (frames != framesSeen.getOrDefault(id, 0L)) {
        framesSeen.put(id, frames);
        reservedAt.put(id, now);
      } else if (now - reservedAt.getOrDefault(id, now) > HeldShares.LAPSE.toNanos()) {
        log.warn("VM {}: its migration to here is not heard of and lapses", reservation.name());
        release(id, reservation.epoch());
      }
    }
  }
}
