package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.linux.MemoryFile;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.ShareBook;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.HostReport;
import org.smemv.paging.LeftMemory;
import org.smemv.placement.MemoryLedger;

/** What a new agent does with memory that VMs left under the one before; QEMU has ended. */
@Timeout(60)
class LeftVmsTest {
  private static final long BYTES = 8L << 20;
  private static final long EPOCH = 7;

  @TempDir Path state;
  private HostPaths paths;
  private HostedVms vms;
  private LocalVms local;
  private final MemoryLedger ledger = new MemoryLedger(10 * BYTES);
  private final UUID id = UUID.randomUUID();

  @BeforeEach
  void leaveMemory() throws IOException {
    paths = new HostPaths(state);
    vms = new HostedVms("h1", paths);
    local = new LocalVms("h1", paths, ledger, vms, LeftVmsTest::noAddress);
    Files.createDirectories(paths.ramMount());
    try (MemoryFile ram = MemoryFile.create(paths.ram("a"), BYTES);
        Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(4096, 4096).fill((byte) 1);
      ram.write(3 * 4096, page.address(), 4096);
      ram.write(9 * 4096, page.address(), 4096);
    }
  }

  private static InetSocketAddress noAddress(String host) {
    throw new IllegalArgumentException("no host named " + host);
  }

  private void restartWith(Phase phase) throws IOException {
    new VmRecord(
            "a",
            id,
            4,
            BYTES,
            BYTES,
            phase,
            phase == Phase.LEFT ? List.of() : List.of(new Share(0, "h3", BYTES)),
            "h2",
            EPOCH,
            true,
            null)
        .write(paths.vm("a"));
    new Survivors("h1", paths, vms, local, new TakenVms(paths.taken()), LeftVmsTest::noAddress)
        .takeHold();
  }

  @ParameterizedTest
  @ValueSource(strings = {"LEFT", "LEAVING"})
  void memoryThatWasLeftIsServedAgain(Phase phase) throws Exception {
    restartWith(phase);

    LeftMemory memory = local.left().memory(id);
    assertThat(memory).isNotNull();
    assertThat(memory.remaining()).isEqualTo(2);
    assertThat(vms.all()).isEmpty();
    assertThat(vms.unheld()).isEmpty();
    HostReport.Share row = local.left().report().getFirst();
    assertThat(row.mainHost()).isEqualTo("h2");
    assertThat(row.pages()).isEqualTo(2);
    assertThat(VmRecord.read(paths.vm("a")).orElseThrow().isSplitWith("h3")).isFalse();
  }

  /** As when its monitor did not answer at first, and it ended then. */
  @Test
  void memoryThatWasOfferedBeforeItsQemuEndedStays() throws Exception {
    VmRecord leaving =
        new VmRecord("a", id, 4, BYTES, BYTES, Phase.LEAVING, List.of(), "h2", EPOCH, true, null);
    local.left().reopen(leaving, paths.ram("a"));

    restartWith(Phase.LEAVING);

    assertThat(vms.unheld()).isEmpty();
    assertThat(vms.claim("a")).contains("left there, until h2 has all of it");
    assertThat(local.left().release(id, EPOCH)).isTrue();
    assertThat(paths.ram("a")).doesNotExist();
    assertThat(ledger.grantedBytes()).isZero();
  }

  private static HostReport report() {
    return new HostReport("h1", 10 * BYTES, 0, 0, 0, List.of(), List.of(), false);
  }

  @Test
  void itsNameIsTakenUntilTheNewMainHostHasAllOfIt() throws Exception {
    restartWith(Phase.LEFT);

    assertThat(vms.claim("a")).contains("left there, until h2 has all of it");
    assertThat(local.left().release(id, EPOCH - 1)).as("released by an older one").isFalse();
    assertThat(local.left().release(id, EPOCH)).isTrue();
    assertThat(vms.claim("a")).isNull();
    assertThat(paths.ram("a")).doesNotExist();
    assertThat(VmRecord.read(paths.vm("a"))).isEmpty();
    assertThat(ledger.grantedBytes()).isZero();
    assertThat(local.left().report()).isEmpty();
    assertThat(local.left().release(id, EPOCH)).as("released once more").isFalse();
  }

  @Test
  void whatHasBeenTakenFromItIsGivenBack() throws Exception {
    restartWith(Phase.LEFT);

    local.left().shrinkGrants();
    assertThat(ledger.grantedBytes()).isEqualTo(2 * 4096);
  }

  /** Others may have been granted the memory that it had before its pages went. */
  @Test
  void afterARestartNoMoreIsGrantedThanIsLeft() throws Exception {
    MemoryLedger small = new MemoryLedger(BYTES / 2);
    local = new LocalVms("h1", paths, small, vms, LeftVmsTest::noAddress);
    restartWith(Phase.LEFT);

    assertThat(small.grantedBytes()).isEqualTo(2 * 4096);
  }

  @Test
  void theNewMainHostIsAskedWhenNobodyReadsIt() throws Exception {
    restartWith(Phase.LEFT);

    assertThat(local.left().silent(vm -> true, Duration.ZERO)).isEmpty();
    ShareBook.Silent silent = local.left().silent(vm -> false, Duration.ZERO).getFirst();
    assertThat(silent).isEqualTo(new ShareBook.Silent(id, EPOCH, List.of("h2")));
  }

  @Test
  void whatAHostThatWasRestartedHasLostIsNotHeldForEver() throws Exception {
    Files.delete(paths.ram("a"));
    restartWith(Phase.LEFT);

    assertThat(local.left().memory(id)).isNull();
    assertThat(VmRecord.read(paths.vm("a"))).isEmpty();
    assertThat(vms.claim("a")).isNull();
    assertThat(ledger.grantedBytes()).isZero();
  }
}
