package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;

class MigrationPlanTest {
  private static final long MIB = 1L << 20;
  private static final Limits PRECOPY = new Limits(Mode.PRECOPY, 300, 0, 0, OnTimeout.ABORT);

  private static MigrationPlan planFor(int subHosts, Limits limits) {
    List<Share> shares =
        IntStream.range(0, subHosts).mapToObj(i -> new Share(i, "s" + i, 64 * MIB)).toList();
    return Moves.plan(512, shares, List.of(), List.of(), limits);
  }

  @Test
  void aSourceThatWouldBeASubHostTooManyIsRefusedBeforeAnythingIsAsked() {
    for (Limits limits :
        List.of(
            new Limits(Mode.POSTCOPY, 300, 0, 0, OnTimeout.ABORT),
            new Limits(Mode.HYBRID, 300, 0, 0, OnTimeout.ABORT),
            new Limits(Mode.PRECOPY, 300, 0, 9, OnTimeout.POSTCOPY))) {
      assertThat(planFor(63, limits).rest().index()).isEqualTo(63);
      assertThatThrownBy(() -> planFor(64, limits))
          .hasMessageContainingAll("64 sub-hosts", "63 are possible", "use pre-copy");
    }
    assertThat(planFor(64, PRECOPY).mayLeaveRest()).isFalse();
    assertThat(planFor(63, PRECOPY).mayLeaveRest()).isTrue();
    assertThatThrownBy(() -> planFor(65, PRECOPY)).hasMessageContaining("64 are possible");
  }

  @Test
  void plansThatMakeNoSenseAreRefused() {
    Share share = new Share(0, "h3", 544 * MIB);
    assertThatThrownBy(() -> plan("h1", "h2", 512, List.of(share, share)))
        .hasMessageContaining("h3 is named twice");
    assertThatThrownBy(() -> plan("h3", "h2", 512, List.of(share)))
        .hasMessageContaining("is the source");
    assertThatThrownBy(() -> plan("h1", "h2", 512, List.of()))
        .hasMessageContaining("together get 512 MiB");
  }

  private static MigrationPlan plan(String source, String main, long mib, List<Share> shares) {
    return new MigrationPlan(
        new UUID(1, 1),
        "web",
        2,
        1024 * MIB,
        source,
        main,
        mib * MIB,
        shares,
        List.of(),
        List.of(),
        PRECOPY);
  }
}
