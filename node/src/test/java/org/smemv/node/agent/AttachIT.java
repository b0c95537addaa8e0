package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.linux.MemoryMount;
import org.smemv.node.api.AttachVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;
import org.smemv.placement.MemoryLedger;

/** The agent's part of {@code vm attach} with a QEMU that somebody else started. */
@Timeout(120)
class AttachIT {
  private static final long BYTES = 32L << 20;

  @TempDir Path directory;
  private Path state;
  private HostPaths paths;
  private HostedVms vms;
  private Process qemu;

  @BeforeEach
  void mount() throws IOException {
    state = Files.createTempDirectory("smemv-it");
    paths = new HostPaths(state);
    Files.createDirectories(paths.vms());
    MemoryMount.ensure(paths.ramMount());
    vms = new HostedVms("h1", paths);
  }

  @AfterEach
  void end() throws Exception {
    vms.all().forEach(entry -> entry.vm().close());
    qemu.destroyForcibly().waitFor();
    MemoryMount.remove(paths.ramMount());
  }

  private void start(String path) throws IOException {
    List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-nodefaults"));
    command.addAll(List.of("-display", "none", "-accel", "tcg", "-m", "32M", "-S"));
    command.addAll(List.of("-machine", "pc,memory-backend=ram0", "-object"));
    command.add("memory-backend-file,id=ram0,size=32M,mem-path=" + path + ",share=on");
    command.addAll(List.of("-qmp", "unix:" + socket() + ",server=on,wait=off"));
    File log = directory.resolve("qemu.log").toFile();
    qemu = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log).start();
    await().until(() -> Files.exists(socket()));
  }

  private Path socket() {
    return directory.resolve("qmp.sock");
  }

  private LocalVms host(long capacity) {
    return new LocalVms("h1", paths, new MemoryLedger(capacity), vms, AttachIT::noAddress);
  }

  private static InetSocketAddress noAddress(String host) {
    throw new IllegalArgumentException("no host named " + host);
  }

  private AttachVm request() {
    return new AttachVm("vm9", qemu.pid(), socket().toString());
  }

  @Test
  void aQemuWhoseRamFileHasNoNameIsAttachedAndFoundAgain() throws Exception {
    start("/dev/shm");
    HostedVm vm = host(BYTES).attach(request()).vm();
    assertThat(vm.body().ramFile().toString()).startsWith("/proc/" + qemu.pid() + "/fd/");
    assertThat(vm.attachment().memory().ram().bytes()).isEqualTo(BYTES);
    vm.close();

    vms = new HostedVms("h1", paths);
    new Survivors("h1", paths, vms, host(BYTES), new TakenVms(paths.taken()), AttachIT::noAddress)
        .takeHold();
    assertThat(vms.unheld()).isEmpty();
    assertThat(vms.all()).hasSize(1);
  }

  @Test
  void aRefusalForWantOfMemoryLeavesTheNameFree() throws Exception {
    start("/dev/shm");
    assertThatThrownBy(() -> host(BYTES / 2).attach(request()))
        .isInstanceOfSatisfying(
            OperationException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CAPACITY));
    assertThat(paths.vm("vm9").resolve("qemu.json")).doesNotExist();
    assertThat(vms.claim("vm9")).isNull();
    vms.unclaim("vm9");
    assertThat(host(BYTES).attach(request()).vm().body().process().pid()).isEqualTo(qemu.pid());
  }

  @Test
  void aFailureSaysThatTheVmWasNotTakenOverAndLeavesTheNameFree() throws Exception {
    start("/dev/shm");
    // The page table cannot be made where a directory with contents has its name.
    Files.createDirectories(paths.table("vm9").resolve("x"));
    assertThatThrownBy(() -> host(BYTES).attach(request()))
        .hasMessageContaining("was not taken over");
    assertThat(paths.vm("vm9").resolve("qemu.json")).doesNotExist();
    assertThat(vms.claim("vm9")).isNull();
    assertThat(qemu.isAlive()).isTrue();
  }
}
