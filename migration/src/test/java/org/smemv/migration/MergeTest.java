package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** N to 1: the new main host takes the pages of the sub-hosts itself. */
class MergeTest extends Moves {
  private static final MigrationPlan.Staying LEAVING = new MigrationPlan.Staying(0, SHARE);
  private static final MigrationPlan PLAN =
      plan(1024, List.of(), List.of(), List.of(LEAVING), limits());

  @Test
  void aMergeSwitchesOverOnceThePagesOfTheSubHostsHaveCome() throws Exception {
    assertThat(PLAN.parts()).containsExactly(LEAVING.share().thatLeaves());
    body.rounds.add(QUIET);
    main.toGather.addAll(List.of(5000L, 400L, 10L, 10L, 0L));
    Migration migration = migration(PLAN);
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
    Migration migration = migration(PLAN);
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
