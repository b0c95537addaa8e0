package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryMount;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.StartVm;
import org.smemv.placement.MemoryLedger;

/** What comes late to a VM with a real QEMU: to let it run, to bring it back, a plan to move it. */
@Timeout(60)
class LateOrdersIT {
  private static final long BYTES = 16L << 20;

  private HostPaths paths;
  private HostedVms vms;
  private LocalVms local;
  private HostedVm vm;

  @BeforeEach
  void start() throws Exception {
    paths = new HostPaths(Files.createTempDirectory("smemv-it"));
    Files.createDirectories(paths.vms());
    MemoryMount.ensure(paths.ramMount());
    vms = new HostedVms("h1", paths);
    local = new LocalVms("h1", paths, new MemoryLedger(BYTES), vms, LateOrdersIT::noAddress);
    vm = local.start(new StartVm("a", BYTES, 1, null, null, null, null, null, "tcg", null)).vm();
    vm.body().qmp().execute("stop", HostedVm.MONITOR);
  }

  @AfterEach
  void end() throws Exception {
    vm.body().stop();
    vm.close();
    MemoryMount.remove(paths.ramMount());
  }

  private static InetSocketAddress noAddress(String host) {
    throw new IllegalArgumentException("no host named " + host);
  }

  private String qemu() throws IOException {
    return vm.body().qmp().execute("query-status", HostedVm.MONITOR).path("status").asText();
  }

  @Test
  void aVmThatHasRunHereIsNotLetRunAgain() throws Exception {
    vm.change(VmRecord::taken);
    vm.runFirst();
    assertThat(qemu()).isEqualTo("running");

    vm.body().qmp().execute("stop", HostedVm.MONITOR); // its operator's affair
    vm.runFirst();

    assertThat(vm.record().phase()).as("it could not be noted that it ran").isEqualTo(Phase.TAKEN);
    assertThat(qemu()).isEqualTo("paused");
  }

  @Test
  void aVmThatIsLeavingIsNotLetRun() throws Exception {
    vm.change(VmRecord::taken);
    vm.change(record -> record.leaving("h2", record.epoch() + 1, false));
    vm.runFirst();
    assertThat(qemu()).isEqualTo("paused");
  }

  @Test
  void aVmThatHasLeftIsNotBroughtBack() throws Exception {
    vm.change(record -> record.leaving("h2", record.epoch() + 1, true));
    vm.leave();
    vm.comeBackSurely();
    assertThat(VmRecord.read(paths.vm("a")).orElseThrow().phase()).isEqualTo(Phase.LEFT);
    assertThat(vm.body().process().isAlive()).isFalse();
  }

  @Test
  void aVmThatIsStillBeingBroughtBackIsNotMoved() throws Exception {
    // The record cannot be replaced where a directory with contents has its name.
    Path record = paths.vm("a").resolve("vm.json");
    Files.delete(record);
    Path inTheWay = Files.createDirectories(record.resolve("x"));
    vm.comeBackSurely();

    MigrateVm request = new MigrateVm("h2", 0, List.of(), null, 0, 0, 0, null, false);
    OperationException refused =
        catchThrowableOfType(OperationException.class, () -> local.departures().start(vm, request));
    assertThat(refused.code()).isEqualTo(ErrorCode.STALLED);
    assertThat(refused).hasMessageContaining("it does not run yet");
    assertThat(vm.occupy("asked by the test")).as("what it is still busy with").isNull();

    Files.delete(inTheWay);
    Files.delete(record);
    await().until(() -> vm.broken() == null);
    assertThat(VmRecord.read(paths.vm("a")).orElseThrow().phase()).isEqualTo(Phase.HERE);
  }

  /** Paging that breaks is begun anew in the next epoch, also while a plan is being made. */
  @Test
  void aPlanWhoseEpochWasUsedWhileItWasMadeIsRefused() throws Exception {
    long planned = vm.record().epoch() + 1;
    vm.change(record -> record.withEpoch(record.epoch() + 1));
    assertThatThrownBy(() -> vm.raiseEpoch(planned))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("its paging was begun anew; try again");
    assertThat(vm.record().epoch()).isEqualTo(planned);
    vm.raiseEpoch(planned + 1);
    assertThat(VmRecord.read(paths.vm("a")).orElseThrow().epoch()).isEqualTo(planned + 1);
  }
}
