package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.AttachVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetMainMemory;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.VmReport;
import org.smemv.node.qemu.Accelerator;
import org.smemv.node.qemu.MachineType;
import org.smemv.node.qemu.QemuAttachment;
import org.smemv.node.qemu.QemuBody;
import org.smemv.node.qemu.QemuException;
import org.smemv.node.qemu.QemuNet;
import org.smemv.node.qemu.QemuPlace;
import org.smemv.node.qemu.QemuSpec;
import org.smemv.paging.AttachException;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;

/** What an operator does with the VMs of this host. One change at a time. */
final class LocalVms {
  private static final Logger log = LoggerFactory.getLogger(LocalVms.class);
  private static final Duration QEMU_STARTS = Duration.ofSeconds(30);

  private final String host;
  private final HostPaths paths;
  private final MemoryLedger ledger;
  private final HostedVms vms;
  private final LeftVms left;
  private final Function<String, InetSocketAddress> addressOf;
  private final Departures departures;

  LocalVms(
      String host,
      HostPaths paths,
      MemoryLedger ledger,
      HostedVms vms,
      Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.paths = paths;
    this.ledger = ledger;
    this.vms = vms;
    this.left = new LeftVms(paths, ledger, vms);
    this.addressOf = addressOf;
    this.departures = new Departures(host, ledger, addressOf, left, this::gone);
  }

  /** What VMs have left here. */
  LeftVms left() {
    return left;
  }

  Departures departures() {
    return departures;
  }

  HostedVms.Entry find(String name) throws OperationException {
    HostedVms.Entry entry = vms.get(name);
    UnheldVm unheld = vms.unheld(name);
    if (entry == null && unheld != null) {
      throw new OperationException(ErrorCode.STALLED, "host " + host + " " + unheld.description());
    }
    if (entry == null) {
      throw new OperationException(ErrorCode.NOT_FOUND, "no VM named " + name + " on host " + host);
    }
    return entry;
  }

  VmReport report(HostedVms.Entry entry) {
    MigrationJob job = departures.running(entry.vm().record().name());
    return entry.reports().report(job == null ? null : job.id());
  }

  synchronized HostedVms.Entry start(StartVm request) throws OperationException {
    claim(request.name(), 0);
    UUID id = UUID.randomUUID();
    StartShares shares = new StartShares(host, addressOf);
    VmRecord record = record(request, id, shares);
    try {
      grant(record);
      shares.reserve(record);
      Files.deleteIfExists(paths.ram(request.name()));
      QemuSpec spec = spec(request, id);
      record.write(paths.vm(request.name()));
      shares.keep(record);
      QemuPlace place = new QemuPlace(host, paths.vm(request.name()), paths.ram(request.name()));
      QemuBody body = QemuBody.start(spec, place, QemuBody.Mode.PAUSED, QEMU_STARTS);
      return take(record, body, true);
    } catch (IOException | AttachException | RuntimeException e) {
      shares.release(record);
      throw undo(record, "was not started", true, e);
    } catch (HostException e) {
      shares.release(record);
      OperationException refused = undo(record, "was not started", true, e);
      throw new OperationException(StartShares.code(e), String.valueOf(refused.getMessage()), e);
    }
  }

  /** A VM that is larger than what it may have here begins with sub-hosts. */
  private VmRecord record(StartVm request, UUID id, StartShares shares) throws OperationException {
    VmRecord whole = record(request.name(), id, request.memoryBytes(), Phase.TAKEN);
    try {
      List<Share> divided = shares.divide(request);
      return divided.isEmpty() ? whole : whole.withMainMemory(request.mainMemoryBytes(), divided);
    } catch (OperationException | RuntimeException e) {
      vms.unclaim(request.name());
      throw e;
    }
  }

  /** Takes hold of a QEMU; one that cannot be held is ended if it was started here. */
  private HostedVms.Entry take(VmRecord record, QemuBody body, boolean boot)
      throws IOException, AttachException, OperationException {
    try {
      vms.add(hold(record, body, boot));
      return find(record.name());
    } catch (IOException | AttachException | RuntimeException e) {
      if (boot) {
        body.stop();
      } else {
        body.close();
      }
      throw e;
    }
  }

  private HostedVm hold(VmRecord record, QemuBody body, boolean boot)
      throws IOException, AttachException {
    HostedVm vm = HostedVm.take(paths, record, body);
    try {
      if (boot) {
        vm.startPager(host, addressOf);
        vm.run();
        vm.hasRun();
        vm.keepWithinLimit();
      }
      return vm;
    } catch (IOException | RuntimeException e) {
      vm.close();
      throw e;
    }
  }

  private static VmRecord record(String name, UUID id, long bytes, Phase phase) {
    return new VmRecord(
        name, id, 1, bytes, bytes, phase, java.util.List.of(), null, 0, false, null);
  }

  private static QemuSpec spec(StartVm request, UUID id) throws IOException {
    String accelerator = request.accelerator();
    java.util.List<String> extra = request.extraArguments();
    return new QemuSpec(
        request.name(),
        id,
        request.memoryBytes(),
        request.cpus(),
        MachineType.probe(),
        accelerator == null
            ? null
            : Accelerator.valueOf(accelerator.toUpperCase(java.util.Locale.ROOT)),
        request.net() == null ? null : new QemuNet(request.net().bridge(), request.net().mac()),
        request.disk(),
        request.kernel(),
        request.initrd(),
        request.append(),
        extra == null ? java.util.List.of() : extra);
  }

  private void claim(String name, long pid) throws OperationException {
    String taken = vms.claim(name, pid);
    if (taken != null) {
      throw new OperationException(ErrorCode.ALREADY_EXISTS, "host " + host + " " + taken);
    }
  }

  private void grant(VmRecord record) throws OperationException {
    try {
      ledger.grant(key(record), record.mainMemoryBytes());
    } catch (MemoryLedger.NotEnough e) {
      vms.unclaim(record.name());
      throw new OperationException(ErrorCode.CAPACITY, "host " + host + ": " + e.getMessage(), e);
    }
  }

  static MemoryLedger.Key key(VmRecord record) {
    return new MemoryLedger.Key(record.id(), MemoryLedger.Use.MAIN);
  }

  /** After a restart: the VM is here already, whatever the ledger says. */
  void grantAgain(VmRecord record) throws IOException {
    try {
      ledger.grant(key(record), record.mainMemoryBytes());
    } catch (MemoryLedger.NotEnough e) {
      log.error(
          "VM {} is here and needs more than this host's capacity: {}",
          record.name(),
          e.getMessage());
    }
  }

  /**
   * After a restart: more of the VM may be here than its record allows, if it was on its way out.
   * It is counted until it has left.
   */
  void grantWhatIsHere(HostedVm vm) {
    long allowed = vm.record().mainMemoryBytes();
    long here = vm.attachment().memory().presentPages() << PageSize.SHIFT;
    if (here <= allowed) { // also of one that is leaving: until it has, its memory is in use
      return;
    }
    try {
      ledger.grant(key(vm.record()), here);
      GrantShrinking.begin(ledger, vm, here, allowed);
    } catch (MemoryLedger.NotEnough e) {
      log.error(
          "VM {} has more here than this host can grant: {}", vm.record().name(), e.getMessage());
    }
  }

  /** The VM that {@link #grantAgain} was for has ended before this agent took hold of it. */
  void ended(VmRecord record) {
    ledger.release(key(record));
  }

  private OperationException undo(VmRecord record, String outcome, boolean ownRam, Exception e) {
    ledger.release(key(record));
    try {
      VmFiles.forget(paths, record.name(), ownRam);
    } catch (IOException suppressed) {
      e.addSuppressed(suppressed);
    }
    vms.unclaim(record.name()); // last: whoever gets the name has files of that name
    boolean unsuitable =
        e instanceof QemuException qemu && qemu.kind() == QemuException.Kind.UNSUITABLE;
    return new OperationException(
        unsuitable ? ErrorCode.UNSUITABLE : ErrorCode.FAILED,
        "VM " + record.name() + " " + outcome + ": " + e.getMessage(),
        e);
  }

  synchronized HostedVms.Entry attach(AttachVm request) throws OperationException {
    claim(request.name(), request.pid());
    QemuAttachment found;
    try {
      found =
          QemuAttachment.attach(
              request.name(),
              host,
              paths.vm(request.name()),
              request.pid(),
              Path.of(request.qmpSocket()),
              HostedVm.MONITOR);
    } catch (IOException e) {
      vms.unclaim(request.name());
      throw new OperationException(ErrorCode.UNSUITABLE, String.valueOf(e.getMessage()), e);
    }
    VmRecord record =
        record(request.name(), UUID.randomUUID(), found.found().memoryBytes(), Phase.HERE);
    try {
      grant(record);
      record.write(paths.vm(request.name()));
      return take(record, found.body(), false);
    } catch (OperationException e) {
      detach(found.body(), e);
      throw e;
    } catch (IOException | AttachException | RuntimeException e) {
      detach(found.body(), e);
      throw undo(record, "was not taken over", false, e);
    }
  }

  /** Its QEMU lives on, and must not keep the name from another VM. */
  private static void detach(QemuBody body, Exception cause) {
    try {
      body.detach();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  void stop(String name) throws OperationException {
    HostedVm vm = find(name).vm();
    if (vm.record().phase() == Phase.INCOMING) {
      throw new OperationException(
          ErrorCode.BUSY,
          "VM %s is arriving on %s: cancel its migration at %s"
              .formatted(name, host, vm.record().cameFrom()));
    }
    occupy(vm, "being stopped");
    try {
      end(vm);
    } catch (IOException e) {
      vm.vacate();
      throw new OperationException(ErrorCode.FAILED, "VM " + name + ": " + e.getMessage(), e);
    }
    for (Share share : vm.record().shares()) {
      releaseShare(vm, share);
    }
  }

  private static void occupy(HostedVm vm, String operation) throws OperationException {
    String busy = vm.occupy(operation);
    if (busy != null) {
      throw new OperationException(
          ErrorCode.BUSY, "VM " + vm.record().name() + " is " + busy + ": wait, or cancel that");
    }
  }

  private void end(HostedVm vm) throws IOException {
    try {
      vm.destroy();
    } finally {
      if (!vm.body().process().isAlive()) {
        vms.remove(vm);
        ledger.release(key(vm.record()));
      }
    }
  }

  private void releaseShare(HostedVm vm, Share share) {
    try (RemoteHost sub = new RemoteHost(share.host(), addressOf.apply(share.host()), host)) {
      sub.release(vm.id(), Long.MAX_VALUE);
    } catch (HostException | IllegalArgumentException e) {
      log.warn(
          "VM {}: its pages on {} stay there: {}",
          vm.record().name(),
          share.host(),
          e.getMessage());
    }
  }

  /** Ends what is here of a VM that has left; while that fails, again each second. */
  private void gone(HostedVm vm) {
    if (!isGone(vm)) {
      EachSecond.until("gone-" + vm.record().name(), () -> isGone(vm));
    }
  }

  private boolean isGone(HostedVm vm) {
    try {
      if (vm.record().leavesRest()) {
        left.leave(vm);
      } else {
        end(vm);
      }
      return true;
    } catch (IOException e) {
      log.error("VM {} has left, but what it had here is not removed yet", vm.record().name(), e);
      return false;
    }
  }

  HostedVms.Entry setMainMemory(String name, SetMainMemory request) throws OperationException {
    HostedVms.Entry entry = find(name);
    occupy(entry.vm(), "having its main memory changed");
    try {
      new MainMemoryChange(host, ledger, addressOf).apply(entry.vm(), request.bytes());
    } finally {
      entry.vm().vacate();
    }
    return entry;
  }

  MigrationJob migration(String id) throws OperationException {
    MigrationJob job = departures.get(id);
    if (job == null) {
      throw new OperationException(
          ErrorCode.NOT_FOUND, "no migration " + id + " was started on host " + host);
    }
    return job;
  }
}
