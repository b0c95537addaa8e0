package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.qemu.QemuBody;
import org.smemv.node.qemu.QemuException;
import org.smemv.paging.AttachException;

/**
 * Takes hold again of the VMs that a dead agent left. Faults are served first, because a QEMU whose
 * main loop waits for a page answers nothing else; what cannot be done now is tried again.
 */
final class Survivors {
  private static final Logger log = LoggerFactory.getLogger(Survivors.class);

  private final String host;
  private final HostPaths paths;
  private final HostedVms vms;
  private final LocalVms local;
  private final TakenVms taken;
  private final Function<String, InetSocketAddress> addressOf;

  Survivors(
      String host,
      HostPaths paths,
      HostedVms vms,
      LocalVms local,
      TakenVms taken,
      Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.paths = paths;
    this.vms = vms;
    this.local = local;
    this.taken = taken;
    this.addressOf = addressOf;
  }

  void takeHold() throws IOException {
    List<Path> directories = new ArrayList<>();
    try (Stream<Path> list = Files.list(paths.vms())) {
      list.filter(Files::isDirectory).sorted().forEach(directories::add);
    }
    for (Path directory : directories) {
      UnheldVm vm = new UnheldVm(host, directory);
      vms.add(vm);
      // One VM that cannot be held must not keep the others from being served.
      if (!isSettled(vm)) {
        EachSecond.until("take-" + vm.name(), () -> isSettled(vm));
      }
    }
  }

  private boolean isSettled(UnheldVm vm) {
    try {
      takeHold(vm);
      return true;
    } catch (IOException | AttachException | RuntimeException e) {
      if (vm.because(String.valueOf(e.getMessage()))) { // once, not each second
        log.error("VM {}: it cannot be taken hold of again: {}", vm.name(), e.getMessage());
      }
      return false;
    }
  }

  /** Returns when the VM is held, or has ended. */
  private void takeHold(UnheldVm vm) throws IOException, AttachException {
    VmRecord record = raise(vm);
    QemuBody body = record == null ? null : reopen(record, vm.directory());
    if (record != null && body == null && keepsRest(record)) {
      local.left().stays(record); // first: a VM that gets its name would get its memory's file
      if (local.left().memory(record.id()) == null) {
        vms.remove(vm);
      }
      return;
    }
    if (body == null) {
      if (record != null) {
        VmFiles.forget(paths, record.name(), true);
        local.ended(record);
      } else if (QemuBody.living(vm.directory()).isEmpty()) {
        new EndedLogs(paths).keep(vm.name()); // the dead agent may have had no time for that
      }
      vms.remove(vm);
      return;
    }
    HostedVm held = hold(java.util.Objects.requireNonNull(record), body);
    local.grantWhatIsHere(held);
    held.notServed("the agent was restarted and does not serve it yet");
    vms.add(held);
    if (!serve(held)) {
      EachSecond.until("serve-" + vm.name(), () -> !held.body().process().isAlive() || serve(held));
    }
  }

  /** Without its QEMU the VM cannot come back; if it has left, what it left is needed. */
  private boolean keepsRest(VmRecord record) throws IOException {
    if (record.phase() == Phase.LEAVING && record.leavesRest()) {
      record.left().write(paths.vm(record.name()));
    }
    return record.leavesRest();
  }

  /**
   * Takes what the VM has according to its record, before anybody else does, and raises its epoch,
   * once: a higher one fences off whatever the dead agent still has on the wire.
   */
  private @Nullable VmRecord raise(UnheldVm vm) throws IOException {
    VmRecord raised = vm.record();
    if (raised != null) {
      return raised;
    }
    VmRecord record = read(vm.directory());
    if (record == null) {
      return null;
    }
    if (record.phase() != Phase.INCOMING && record.phase() != Phase.LEFT) {
      local.grantAgain(record);
    }
    raised = record.phase() == Phase.LEFT ? record : record.withEpoch(record.epoch() + 1);
    raised.write(vm.directory());
    taken.note(raised);
    vm.record(raised);
    return raised;
  }

  private static @Nullable VmRecord read(Path directory) throws IOException {
    try {
      return VmRecord.read(directory).orElse(null);
    } catch (IOException e) {
      if (QemuBody.living(directory).isPresent()) {
        throw e;
      }
      log.error("{}", e.getMessage());
      return null;
    }
  }

  private HostedVm hold(VmRecord record, QemuBody body) throws IOException, AttachException {
    try {
      if (record.leavesRest() && local.left().memory(record.id()) == null) {
        local.left().reopen(record, body.ramFile()); // its new main host may be waiting for pages
      }
      return HostedVm.takeAgain(paths, record, body);
    } catch (IOException | AttachException | RuntimeException e) {
      body.close();
      throw e;
    }
  }

  private @Nullable QemuBody reopen(VmRecord record, Path directory) throws IOException {
    try {
      QemuBody.endUnrecorded(directory);
      QemuBody body = QemuBody.reopen(directory).orElse(null);
      if (body != null && record.phase() == Phase.INCOMING) {
        log.info("VM {}: it was arriving when the agent died; given up", record.name());
        body.stop();
        return null;
      }
      if (body != null && record.phase() == Phase.LEFT) {
        body.stop();
        return null;
      }
      return body;
    } catch (QemuException e) {
      if (e.kind() != QemuException.Kind.NO_SUCH_PROCESS) {
        throw e;
      }
      log.warn("VM {}: its QEMU has ended: {}", record.name(), e.getMessage());
      return null;
    }
  }

  private boolean serve(HostedVm vm) {
    if (vm.record().phase() == Phase.LEAVING && !vm.record().shares().isEmpty()) {
      // Its sub-hosts may be another host's by now, which must not be fenced off from them.
      settleFirst(vm);
      return true;
    }
    if (!isServed(vm)) {
      return false;
    }
    if (vm.record().phase() == Phase.LEAVING) {
      settleFirst(vm);
    } else {
      vm.keepWithinLimit();
      long epoch = vm.record().epoch();
      Thread.ofVirtual().start(() -> goOn(vm, epoch));
    }
    return true;
  }

  private boolean isServed(HostedVm vm) {
    try {
      vm.startPager(host, addressOf);
      vm.notServed(null);
      return true;
    } catch (RuntimeException e) {
      vm.notServed("its memory cannot be served yet: " + e.getMessage());
      return false;
    }
  }

  /** One that was taken and never ran is run; what an operator has paused stays so. */
  private void goOn(HostedVm vm, long epoch) {
    if (vm.record().phase() == Phase.TAKEN) {
      new FirstRun(host, addressOf).begin(vm, epoch);
    } else {
      ShareAdoption.begin(vm, epoch, host, addressOf);
      LeavingShares.begin(vm, host, addressOf);
      GrantsAfterRestart.begin(vm, host, addressOf);
      vm.comeBackSurely();
    }
  }

  private void settleFirst(HostedVm vm) {
    String ignored = vm.occupy("waiting to hear whether " + vm.record().leavingTo() + " has it");
    EachSecond.fromNow("settle-" + vm.record().name(), () -> isDecided(vm));
  }

  private boolean isDecided(HostedVm vm) {
    switch (local.departures().whereabouts(vm)) {
      case HERE -> EachSecond.fromNow("settle-" + vm.record().name(), () -> hasComeBack(vm));
      case GONE -> {}
      case UNKNOWN -> {
        return false;
      }
    }
    return true;
  }

  private boolean hasComeBack(HostedVm vm) {
    local.left().withdraw(vm.id());
    if (vm.pager() == null && !vm.record().shares().isEmpty() && !isServed(vm)) {
      return false;
    }
    vm.keepWithinLimit();
    vm.comeBackSurely();
    ShareAdoption.begin(vm, vm.record().epoch(), host, addressOf);
    LeavingShares.begin(vm, host, addressOf);
    vm.vacate(); // last: what breaks before is tried again, and then another may have the VM
    return true;
  }
}
