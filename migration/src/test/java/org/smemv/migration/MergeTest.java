package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.smemv.migration.BodySource.Round;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;

/** N to 1: the new main host takes the pages of the sub-hosts itself. */
class MergeTest {
  private static final long MIB = 1L << 20;
  private static final Round QUIET = new Round(100 * MIB, 1_000_000_000, 10, 10, 0);
  private static final MigrationPlan.Staying LEAVING =
      new MigrationPlan.Staying(0, new Share(0, "h3", 544 * MIB));
  private static final MigrationPlan PLAN =
      new MigrationPlan(
          new UUID(1, 1),
          "web",
          2,
          1024 * MIB,
          "h1",
          "h2",
          1024 * MIB,
          List.of(),
          List.of(),
          List.of(LEAVING),
          new Limits(Mode.PRECOPY, 300, 0, 0, OnTimeout.ABORT));

  private final FakeHost main = new FakeHost("h2");
  private final FakeHost sub = new FakeHost("h3");
  private final FakeBody body = new FakeBody();

  private Migration migration() {
    AtomicLong nanos = new AtomicLong();
    Migration.Clock clock =
        new Migration.Clock() {
          @Override
          public long nanos() {
            return nanos.addAndGet(500_000_000);
          }

          @Override
          public void sleep(long millis) {
            nanos.addAndGet(millis * 1_000_000);
          }
        };
    return new Migration(PLAN, main, Map.of("h3", sub), body, "{}", clock);
  }

  @Test
  void aMergeSwitchesOverOnceThePagesOfTheSubHostsHaveCome() throws Exception {
    assertThat(PLAN.parts()).containsExactly(LEAVING.share().thatLeaves());
    body.rounds.add(QUIET);
    main.toGather.addAll(List.of(5000L, 400L, 10L, 10L, 0L));
    Migration migration = migration();
    migration.run();

    assertThat(migration.state()).isEqualTo(MigrationState.DONE);
    assertThat(sub.asked).containsExactly("mayMove h2");
    assertThat(main.asked)
        .containsExactly(
            "reserve",
            "prepare",
            "toGather",
            "toGather",
            "toGather",
            "commit",
            "resume",
            "toGather",
            "toGather");
    assertThat(body.asked).filteredOn("copy"::equals).hasSize(3);
  }

  @Test
  void aMergeThatMissesPagesSaysWhoseAndIsCancelled() throws Exception {
    body.rounds.add(QUIET);
    main.toGather.addAll(List.of(5000L, 5000L, 5000L));
    main.whyNotGathered = "sub-host h3 has lost 20 MiB";
    Migration migration = migration();
    List<String> reasons = new ArrayList<>();
    body.duringCopy =
        enough -> {
          if (main.asked.contains("toGather")) {
            reasons.add(migration.state() + ": " + migration.reason());
            migration.cancel();
          }
        };
    migration.run();

    assertThat(reasons)
        .containsExactly(
            "COPY: 5000 pages are still to come to h2: sub-host h3 has lost 20 MiB; to leave the VM where it is: smemv vm cancel web");
    assertThat(migration.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(migration.reason()).isEqualTo("cancelled");
    assertThat(body.running).isTrue();
  }
}
