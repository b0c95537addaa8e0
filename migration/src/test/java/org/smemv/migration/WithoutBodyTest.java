package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.migration.BodySource.Unmoved;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException.Kind;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;
import org.smemv.migration.MigrationPlan.Staying;

/** A placement change of a VM that stays where it runs. */
class WithoutBodyTest {
  private static final long MIB = 1L << 20;

  private final FakeHost added = new FakeHost("h2");
  private final FakeHost stays = new FakeHost("h3");
  private final FakeHost leaves = new FakeHost("h4");
  private final FakeBody body = new FakeBody();
  private final List<String> waits = new ArrayList<>();
  private Migration migration = migration();

  private Migration migration() {
    AtomicLong nanos = new AtomicLong();
    return new Migration(
        plan(512),
        null,
        Map.of("h2", added, "h3", stays, "h4", leaves),
        body,
        "",
        new Migration.Clock() {
          @Override
          public long nanos() {
            return nanos.addAndGet(1_000_000);
          }

          @Override
          public void sleep(long millis) {
            waits.add(migration.state() + " " + migration.toGather() + " " + migration.reason());
          }
        });
  }

  /** A new sub-host, one that stays and is to grant more, and one that leaves. */
  private static MigrationPlan plan(long mainMib) {
    return plan(
        mainMib,
        new Share(0, "h2", 256 * MIB),
        new Staying(3, 128 * MIB, new Share(3, "h3", 300 * MIB)),
        new Staying(1, new Share(1, "h4", 400 * MIB)));
  }

  private static MigrationPlan plan(long mainMib, Share share, Staying staying, Staying leaving) {
    return new MigrationPlan(
        new UUID(1, 1),
        "web",
        2,
        1024 * MIB,
        "h1",
        "h1",
        mainMib * MIB,
        List.of(share),
        List.of(staying),
        List.of(leaving),
        new Limits(Mode.PRECOPY, 300, 0, 0, OnTimeout.ABORT));
  }

  @Test
  void memoryIsReservedThePlacementIsChangedAndPagesMoveWhileTheVmRuns() throws Exception {
    body.unmoved.add(new Unmoved(7000, null));
    body.unmoved.add(new Unmoved(300, "sub-host h4 is away"));
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(added.asked).containsExactly("reserve", "keep");
    assertThat(stays.asked).containsExactly("resize");
    assertThat(leaves.asked).isEmpty();
    assertThat(body.asked).containsExactly("rearrange");
    assertThat(waits).containsExactly("SETTLE 7000 null", "SETTLE 300 sub-host h4 is away");
    assertThat(migration.reason()).isNull();
    assertThat(migration.downtimeMillis()).isEqualTo(-1);
    assertThat(body.running).isTrue();
  }

  @Test
  void aNewShareLetsInWhatTheVmsPagerStoresWithItsOlderEpoch() throws Exception {
    migration.run();

    assertThat(added.reservation.epoch()).isEqualTo(2);
    assertThat(added.reservation.pagesFrom()).isEqualTo(1);
    assertThat(added.reservation.mainHost()).isEqualTo("h1");
  }

  @Test
  void aLookAtWhatIsLeftThatBreaksIsRepeatedAndNobodyIsLeftWaiting() throws Exception {
    body.failsAt = "unmoved";
    body.unmoved.add(new Unmoved(7000, null));
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(waits.getFirst()).contains("SETTLE", "could not be found out");
    assertThat(migration.reason()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"reserve", "keep"})
  void aNewSubHostThatRefusesLeavesAllAsItWas(String request) throws Exception {
    added.failAt(request, Kind.CAPACITY, 1);
    migration.run();

    assertNothingChanged("h2 failed to " + request);
  }

  @Test
  void aSubHostThatCannotGrantMoreLeavesAllAsItWas() throws Exception {
    stays.failAt("resize", Kind.CAPACITY, 1);
    migration.run();

    assertNothingChanged("h3 failed to resize");
    assertThat(stays.asked).containsExactly("resize", "undoResize");
  }

  @Test
  void aSourceThatCannotNoteItGivesEverythingBack() throws Exception {
    body.failsAt = "rearrange";
    migration.run();

    assertNothingChanged("failed to rearrange");
    assertThat(stays.asked).containsExactly("resize", "undoResize");
  }

  @Test
  void aCancelledChangeGivesEverythingBack() throws Exception {
    migration.cancel();
    migration.run();

    assertNothingChanged("cancelled");
  }

  private void assertNothingChanged(String reason) {
    assertThat(migration.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(migration.reason()).contains(reason);
    assertThat(added.reserved).isFalse();
    assertThat(added.asked).endsWith("release");
    assertThat(stays.asked).doesNotContain("release");
    assertThat(leaves.asked).isEmpty();
    assertThat(body.asked).doesNotContain("giveUp");
    assertThat(body.running).isTrue();
  }

  @Test
  void theSharesOfAPlanComeInTheOrderOfTheirNumbers() {
    MigrationPlan plan = plan(512);
    assertThat(plan.movesBody()).isFalse();
    assertThat(plan.parts())
        .containsExactly(
            new Share(0, "h2", 256 * MIB),
            new Share(1, "h4", 400 * MIB).thatLeaves(),
            new Share(3, "h3", 300 * MIB));
  }

  @Test
  void whereTheBodyStaysNumbersStayAndNoneIsGivenTwice() {
    Share share = new Share(0, "h2", 600 * MIB);
    Staying leaving = new Staying(1, new Share(1, "h4", 400 * MIB));
    assertThatThrownBy(() -> plan(512, share, new Staying(3, new Share(2, "h3", MIB)), leaving))
        .hasMessageContaining("h3 has number 3, and cannot become number 2");
    assertThatThrownBy(() -> plan(512, share, new Staying(0, new Share(0, "h3", MIB)), leaving))
        .hasMessageContaining("h3 cannot have number 0");
    Share beyond = new Share(64, "h2", 600 * MIB);
    assertThatThrownBy(() -> plan(512, beyond, new Staying(0, new Share(0, "h3", MIB)), leaving))
        .hasMessageContaining("h2 cannot have number 64");
    assertThatThrownBy(() -> plan(16)).hasMessageContaining("together get 572 MiB");
    Share itself = new Share(0, "h1", 600 * MIB);
    assertThatThrownBy(() -> plan(512, itself, new Staying(3, new Share(3, "h3", MIB)), leaving))
        .hasMessageContaining("h1 is named twice, or is the source");
  }
}
