package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.smemv.migration.BodySource.Round;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;
import org.smemv.migration.MigrationPlan.Staying;

/** Moves of VM web with 1 GiB from h1 to h2, with h3 as its sub-host. */
abstract class Moves {
  static final long MIB = 1L << 20;
  static final Round QUIET = new Round(100 * MIB, 1_000_000_000, 10, 10, 0);
  static final Round BUSY = new Round(100 * MIB, 1_000_000_000, 25_600, 25_600, 0);
  static final Share SHARE = new Share(0, "h3", 544 * MIB);

  final FakeHost main = new FakeHost("h2");
  final FakeHost sub = new FakeHost("h3");
  final FakeBody body = new FakeBody();
  final SteppingClock clock = new SteppingClock();

  static Limits limits() {
    return new Limits(Mode.PRECOPY, 300, 0, 0, OnTimeout.ABORT);
  }

  static MigrationPlan plan(
      long mainMib,
      List<Share> shares,
      List<Staying> staying,
      List<Staying> leaving,
      Limits limits) {
    return new MigrationPlan(
        new UUID(1, 1),
        "web",
        2,
        1024 * MIB,
        "h1",
        "h2",
        mainMib * MIB,
        shares,
        staying,
        leaving,
        limits);
  }

  Migration migration(MigrationPlan plan) {
    return new Migration(plan, main, Map.of("h3", sub), body, "{}", clock);
  }

  /** Of a local VM that is split. */
  Migration migration(Limits limits) {
    return migration(plan(512, List.of(SHARE), List.of(), List.of(), limits));
  }

  void assertGoesOnAtSource(Migration migration) {
    assertThat(migration.state()).isEqualTo(MigrationState.ABORTED);
    assertThat(body.running).isTrue();
    assertThat(body.retired).isFalse();
    assertThat(main.running).isFalse();
    assertThat(main.reserved).isFalse();
    assertThat(sub.reserved).isFalse();
  }
}
