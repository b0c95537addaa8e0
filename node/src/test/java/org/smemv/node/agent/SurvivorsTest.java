package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.HostControl.Share;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.VmState;
import org.smemv.node.qemu.QemuProcess;
import org.smemv.placement.MemoryLedger;

/** VMs that a dead agent left and that cannot be taken hold of: their page tables are missing. */
@Timeout(60)
class SurvivorsTest {
  private static final long BYTES = 8L << 20;

  @TempDir Path state;
  private HostPaths paths;
  private HostedVms vms;
  private LocalVms local;
  private TakenVms taken;
  private Process qemu;
  private final MemoryLedger ledger = new MemoryLedger(10 * BYTES);
  private final UUID id = UUID.randomUUID();

  @BeforeEach
  void leaveVm() throws IOException {
    paths = new HostPaths(state);
    vms = new HostedVms("h1", paths);
    local = new LocalVms("h1", paths, ledger, vms, SurvivorsTest::noAddress);
    taken = new TakenVms(paths.taken());
    qemu = new ProcessBuilder("sleep", "600").start();
    Files.createDirectories(paths.ram("a").getParent());
    Files.writeString(paths.ram("a"), "the memory of a living QEMU");
    record().write(paths.vm("a"));
    Files.writeString(
        paths.vm("a").resolve("qemu.json"),
        """
        {"name": "a", "spec": null, "host": "h1", "ramFile": "%s", "qmpSocket": "/nowhere",
         "accelerator": "TCG", "tap": null, "process": {"pid": %d, "startTicks": %d}}
        """
            .formatted(paths.ram("a"), qemu.pid(), QemuProcess.of(qemu.pid()).startTicks()));
  }

  private VmRecord record() {
    return new VmRecord("a", id, 4, BYTES, BYTES, Phase.HERE, List.of(), null, 0, false, null);
  }

  @AfterEach
  void end() throws InterruptedException {
    qemu.destroyForcibly().waitFor();
  }

  private static InetSocketAddress noAddress(String host) {
    throw new IllegalArgumentException("no host named " + host);
  }

  private void takeHold() throws IOException {
    new Survivors("h1", paths, vms, local, taken, SurvivorsTest::noAddress).takeHold();
  }

  @Test
  void aVmThatCannotBeHeldKeepsItsNameAndItsMemory() throws Exception {
    takeHold();
    assertThat(ledger.grantedBytes()).isEqualTo(BYTES);
    assertThat(VmRecord.read(paths.vm("a")).orElseThrow().epoch()).isEqualTo(5);
    StartVm start = new StartVm("a", BYTES, 1, null, null, null, null, null, null, null);
    assertThatThrownBy(() -> local.start(start))
        .isInstanceOfSatisfying(
            OperationException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
        .hasMessageContaining("process " + qemu.pid());
    assertThatThrownBy(() -> arrivals().reserve(arriving()))
        .hasMessageContaining("process " + qemu.pid());
    assertThat(paths.ram("a")).exists();
    assertThat(VmRecord.read(paths.vm("a")).orElseThrow().id()).isEqualTo(id);
  }

  private Arrivals arrivals() {
    return new Arrivals("h1", paths, ledger, vms, taken, SurvivorsTest::noAddress);
  }

  private static Reservation arriving() {
    UUID other = UUID.randomUUID();
    return new Reservation(other, "a", 1, Role.MAIN, BYTES, BYTES, "h2", "h1");
  }

  @Test
  void aVmThatCannotBeHeldIsListedAsStalledWithTheReason() throws Exception {
    takeHold();
    HostOperations operations =
        new Operations(() -> null, () -> null, vms, local, new Draining(paths.draining()), null);
    assertThat(operations.vms()).containsExactly(operations.vm("a"));
    assertThat(operations.vm("a").state()).isEqualTo(VmState.STALLED);
    assertThat(operations.vm("a").reason()).contains(paths.table("a").toString());
    assertThat(operations.vm("a").pid()).isEqualTo(qemu.pid());
    assertThatThrownBy(() -> operations.stop("a"))
        .isInstanceOfSatisfying(
            OperationException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STALLED))
        .hasMessageContaining("process " + qemu.pid());
  }

  @Test
  void aVmWhoseRecordIsDamagedKeepsItsNameWhileItsQemuLives() throws Exception {
    Files.writeString(paths.vm("a").resolve("vm.json"), "{");
    takeHold();
    assertThat(vms.claim("a")).contains("process " + qemu.pid());
    record().write(paths.vm("a"));
    // The last thing that is done while its QEMU is unheld: nothing is written after it.
    await().until(() -> vms.unheld().stream().allMatch(vm -> vm.record() != null));
    assertThat(ledger.grantedBytes()).isEqualTo(BYTES);
  }

  @Test
  void whatItHadIsFreedWhenItsQemuEnds() throws Exception {
    takeHold();
    qemu.destroyForcibly().waitFor();
    await().until(() -> vms.unheld().isEmpty());
    assertThat(ledger.grantedBytes()).isZero();
    assertThat(paths.ram("a")).doesNotExist();
    assertThat(vms.claim("a")).isNull();
  }

  /** Its sub-hosts hear that it needs nothing of them when they ask. */
  @Test
  void aVmWhoseAgentDiedBeforeItsQemuWasStartedIsNoMoreAndNeedsNoShares() throws Exception {
    qemu.destroyForcibly().waitFor();
    Files.delete(paths.vm("a").resolve("qemu.json"));
    new VmRecord(
            "a",
            id,
            1,
            BYTES,
            BYTES / 2,
            Phase.TAKEN,
            List.of(new Share(0, "h3", BYTES)),
            null,
            0,
            false,
            null)
        .write(paths.vm("a"));
    assertThat(arrivals().needs(id, "h3")).as("while it may be starting").isTrue();

    takeHold();

    assertThat(arrivals().needs(id, "h3")).isFalse();
    assertThat(ledger.grantedBytes()).isZero();
    assertThat(paths.vm("a").resolve("vm.json")).doesNotExist();
    assertThat(paths.ram("a")).doesNotExist();
    assertThat(vms.claim("a")).isNull();
  }

  @Test
  void theLogsOfAVmThatHadEndedBeforeArePutAside() throws Exception {
    Files.createDirectories(paths.vm("gone"));
    Files.writeString(paths.vm("gone").resolve("qemu.log"), "it ended");
    takeHold();
    assertThat(paths.vm("gone")).doesNotExist();
    try (Stream<Path> logs = Files.walk(paths.ended())) {
      assertThat(logs.filter(Files::isRegularFile))
          .singleElement(as(InstanceOfAssertFactories.PATH))
          .hasContent("it ended");
    }
  }

  @Test
  void theLogOfALivingQemuStaysWhereItIs() throws Exception {
    Files.delete(paths.vm("a").resolve("vm.json"));
    Path log = Files.writeString(paths.vm("a").resolve("qemu.log"), "it runs");
    takeHold();
    assertThat(log).hasContent("it runs");
  }

  @Test
  void nothingOfALivingQemuIsForgotten() {
    assertThatThrownBy(() -> VmFiles.forget(paths, "a", true))
        .hasMessageContaining("process " + qemu.pid());
    assertThat(paths.ram("a")).exists();
    assertThat(paths.vm("a").resolve("vm.json")).exists();
  }

  @Test
  void aNameWhoseQemuLivesUnheldIsNotGivenToAnother() {
    assertThat(vms.claim("a")).contains("process " + qemu.pid());
    assertThat(vms.claim("a", qemu.pid())).isNull();
  }
}
