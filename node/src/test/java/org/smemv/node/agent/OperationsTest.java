package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.node.api.AttachVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostMetrics;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;
import org.smemv.node.api.StartVm;
import org.smemv.placement.MemoryLedger;

class OperationsTest {
  private static final long BYTES = 32L << 20;

  @TempDir Path state;

  private static InetSocketAddress noAddress(String host) {
    throw new IllegalArgumentException("no host named " + host);
  }

  private static HostMetrics noFigures() {
    throw new IllegalStateException("nobody asks for figures here");
  }

  @Test
  void aDrainingHostStartsAndAttachesNoVm() throws Exception {
    MemoryLedger ledger = new MemoryLedger(BYTES);
    Operations operations = operations(ledger);
    assertThat(operations.setDraining(new SetDraining(true)).draining()).isTrue();
    StartVm start = new StartVm("a", BYTES, 1, null, null, null, null, null, null, null);
    AttachVm attach = new AttachVm("a", 77, "/q");
    for (var asked : List.<Ask>of(() -> operations.start(start), () -> operations.attach(attach))) {
      OperationException refused = catchThrowableOfType(OperationException.class, asked::run);
      assertThat(refused.code()).isEqualTo(ErrorCode.UNSUITABLE);
      assertThat(refused).hasMessageContaining("host h1 is draining");
    }
    assertThat(ledger.grantedBytes()).isZero();
    assertThat(operations.setDraining(new SetDraining(false)).draining()).isFalse();
    OperationException other =
        catchThrowableOfType(OperationException.class, () -> operations.attach(attach));
    assertThat(other).hasMessageNotContaining("draining");
  }

  private interface Ask {
    void run() throws OperationException;
  }

  private Operations operations(MemoryLedger ledger) throws IOException {
    HostPaths paths = new HostPaths(state);
    Files.createDirectories(paths.vms());
    HostedVms vms = new HostedVms("h1", paths);
    Draining draining = new Draining(paths.draining());
    return new Operations(
        () -> new HostReport("h1", BYTES, BYTES, 0, 0, List.of(), List.of(), draining.isOn()),
        OperationsTest::noFigures,
        vms,
        new LocalVms("h1", paths, ledger, vms, OperationsTest::noAddress),
        draining,
        new HostDrain(
            "h1", draining::wanted, List::of, (thing, how, move) -> {}, System::nanoTime));
  }
}
