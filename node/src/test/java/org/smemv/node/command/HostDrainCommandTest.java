package org.smemv.node.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.FakeHost;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;

/** A host is emptied by command, and that is followed. */
@Timeout(30)
class HostDrainCommandTest extends TwoHosts {
  @Test
  void aHostIsMarkedAsDrainingAndTakesVmsAgain() throws OperationException {
    assertThat(smemv("host", "drain", "h2", "--no-wait", "--at-once", "5", "--mode", "hybrid"))
        .isZero();
    assertThat(out.toString()).contains("host h2 is draining", "0 VMs and parts of 1");
    assertThat(h2.requests).contains(new SetDraining(true, 5, MigrationMode.HYBRID, false));
    assertThat(smemv("host", "list")).isZero();
    assertThat(out.toString()).containsPattern("h1 .*up").containsPattern("h2 .*draining");
    assertThat(smemv("host", "undrain", "h2")).isZero();
    assertThat(h2.host().draining()).isFalse();
    assertThat(smemv("host", "drain", "h9")).isEqualTo(4);
    assertThat(smemv("host", "drain", "h2", "--at-once", "65")).isEqualTo(2);
    assertThat(smemv("host", "drain", "h2", "--fast", "--mode", "postcopy")).isEqualTo(2);
    assertThat(h2.host().draining()).isFalse();
  }

  @Test
  void aDrainIsFollowedUntilTheHostIsEmpty() {
    h2.drains.add(drain(DrainReport.State.MOVING, DrainReport.ItemState.WAITING, null));
    h2.drains.add(drain(DrainReport.State.MOVING, DrainReport.ItemState.MOVING, null));
    h2.drains.add(drain(DrainReport.State.EMPTY, DrainReport.ItemState.MOVED, null));
    assertThat(smemv("host", "drain", "h2")).isZero();
    assertThat(out.toString())
        .containsSubsequence("VM vm1 waits", "VM vm1 moves to h3", "VM vm1 has moved to h3")
        .contains("host h2 is empty");
  }

  @Test
  void aDrainThatDoesNotGoOnEndsWithWhatIsLeftAndWhy() {
    String why = "no host has 1 GiB free";
    h2.drains.add(drain(DrainReport.State.STUCK, DrainReport.ItemState.FAILED, why));
    assertThat(smemv("host", "drain", "h2")).isEqualTo(1);
    assertThat(out.toString()).contains("VM vm1 was not moved: " + why + "; next try in 30 s");
    assertThat(err.toString()).contains("host h2 is not empty", "VM vm1", "smemv host undrain h2");
  }

  @Test
  void aDrainThatSomebodyEndsIsNotFollowedAnyMore() {
    h2.drains.add(drain(DrainReport.State.OFF, DrainReport.ItemState.MOVING, null));
    assertThat(smemv("host", "drain", "h2")).isEqualTo(1);
    assertThat(err.toString()).contains("host h2 is not draining any more");
  }

  private static DrainReport drain(
      DrainReport.State state, DrainReport.ItemState item, String reason) {
    return FakeHost.drainReport("h2", state, item, reason);
  }
}
