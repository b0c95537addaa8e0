package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
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
  private static final Duration RETRY = Duration.ofSeconds(1);

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
      try {
        takeHold(directory);
      } catch (IOException | AttachException | RuntimeException e) {
        // One VM that cannot be served must not keep the others from being served.
        log.error("{}: its VM cannot be taken hold of again: {}", directory, e.getMessage());
      }
    }
  }

  private void takeHold(Path directory) throws IOException, AttachException {
    VmRecord record = VmRecord.read(directory).orElse(null);
    if (record == null) {
      return;
    }
    QemuBody body = reopen(record, directory);
    if (body == null) {
      HostedVm.forget(paths, record.name(), true);
      return;
    }
    // A higher epoch fences off whatever the dead agent still has on the wire.
    VmRecord raised = record.withEpoch(record.epoch() + 1);
    raised.write(directory);
    taken.note(raised);
    HostedVm vm = hold(raised, body);
    local.grantAgain(raised);
    vms.add(vm);
    vm.notServed("the agent was restarted and does not serve it yet");
    if (!serve(vm)) {
      Thread.ofPlatform().name("serve-" + record.name()).daemon().start(() -> serveSurely(vm));
    }
  }

  private HostedVm hold(VmRecord record, QemuBody body) throws IOException, AttachException {
    try {
      return HostedVm.takeAgain(paths, record, body);
    } catch (IOException | AttachException | RuntimeException e) {
      body.close();
      throw e;
    }
  }

  private @org.jspecify.annotations.Nullable QemuBody reopen(VmRecord record, Path directory)
      throws IOException {
    try {
      QemuBody body = QemuBody.reopen(directory).orElse(null);
      if (body != null && record.phase() == Phase.INCOMING) {
        log.info("VM {}: it was arriving when the agent died; given up", record.name());
        body.stop();
        return null;
      }
      return body;
    } catch (QemuException e) {
      log.warn("VM {}: its QEMU has ended: {}", record.name(), e.getMessage());
      return null;
    }
  }

  private boolean serve(HostedVm vm) {
    try {
      vm.startPager(host, addressOf);
      vm.notServed(null);
    } catch (RuntimeException e) {
      vm.notServed("its memory cannot be served yet: " + e.getMessage());
      return false;
    }
    if (vm.record().phase() == Phase.LEAVING) {
      String ignored = vm.occupy("waiting to hear whether " + vm.record().leavingTo() + " has it");
      Thread.ofPlatform().name("settle-" + vm.record().name()).daemon().start(() -> settle(vm));
    } else {
      vm.keepWithinLimit();
      Thread.ofVirtual().start(vm::comeBackSurely);
    }
    return true;
  }

  private void serveSurely(HostedVm vm) {
    try {
      do {
        Thread.sleep(RETRY);
      } while (vm.body().process().isAlive() && !serve(vm));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void settle(HostedVm vm) {
    try {
      if (local.departures().hasStayed(vm)) {
        vm.keepWithinLimit();
        vm.comeBackSurely();
        vm.vacate();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
