package org.smemv.node.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.groups.Tuple.tuple;
import static org.smemv.node.directory.Beats.MIB;
import static org.smemv.node.directory.Beats.host;
import static org.smemv.node.directory.Beats.vm;
import static org.smemv.node.directory.Beats.with;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.smemv.node.api.DirectoryHost;
import org.smemv.node.api.DirectoryMetrics;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.DirectoryVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.api.VmState;

/** With a clock that goes on when it is told to. */
class HostDirectoryTest {
  private final AtomicLong nanos = new AtomicLong(-5);
  private final HostDirectory directory =
      new HostDirectory(nanos::get, new HostDirectory.Limits(4, 40));

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private List<String> lost() {
    return directory.hosts().stream().filter(DirectoryHost::lost).map(DirectoryHost::name).toList();
  }

  private static PlanWish wish(String vm, String... apartFrom) {
    return new PlanWish(vm, null, null, List.of(apartFrom), 0, 0, false, 0);
  }

  private OperationException refusal(PlanWish wish) {
    return catchThrowableOfType(OperationException.class, () -> directory.plan(wish));
  }

  @Test
  void aHostThatStopsIsLostWithinSixSecondsAndBackWithItsNextHeartbeat() {
    directory.heard(host("h1", 10));
    directory.heard(host("h2", 10));
    pass(Duration.ofMillis(4900));
    assertThat(directory.heard(host("h2", "10.0.0.2:7400", 1000, 2, 11))).isNull();
    assertThat(lost()).isEmpty();
    pass(Duration.ofMillis(200));
    assertThat(lost()).containsExactly("h1");
    directory.heard(host("h1", "10.0.0.1:7400", 1000, 2, 11));
    assertThat(lost()).isEmpty();
  }

  @Test
  void aNameThatTwoAgentsUseIsRefusedNamingBothAddresses() {
    assertThat(directory.heard(host("h1", 10))).isNull();
    Heartbeat other = host("h1", "10.0.0.9:7400", 2000, 1, 99);
    assertThat(directory.heard(other)).contains("h1", "10.0.0.1:7400", "10.0.0.9:7400", "--name");
    assertThat(directory.hosts()).hasSize(1);
    assertThat(directory.hosts().getFirst().freeBytes()).isEqualTo(10 * MIB);
    pass(Duration.ofSeconds(6));
    assertThat(directory.heard(other)).as("the first one is gone").isNull();
    assertThat(directory.hosts()).extracting(DirectoryHost::data).containsExactly("10.0.0.9:7400");
  }

  @Test
  void aRestartedAgentTakesThePlaceOfTheOneBeforeItAndNotTheOtherWayRound() {
    String at = "10.0.0.1:7400";
    directory.heard(host("h1", at, 1000, 50, 10));
    assertThat(directory.heard(host("h1", at, 2000, 1, 20))).isNull();
    assertThat(directory.heard(host("h1", at, 1000, 51, 30))).contains("started later");
    assertThat(directory.hosts().getFirst().freeBytes()).isEqualTo(20 * MIB);
  }

  @Test
  void aHeartbeatThatComesLateIsPassedOver() {
    String at = "10.0.0.1:7400";
    directory.heard(host("h1", at, 1000, 5, 50));
    assertThat(directory.heard(host("h1", at, 1000, 4, 40))).isNull();
    assertThat(directory.hosts().getFirst().freeBytes()).isEqualTo(50 * MIB);
  }

  @Test
  void anAgentThatWasRenamedTakesItsOwnPlaceButNotThatOfAnOtherHost() {
    directory.heard(host("h1", "10.0.0.1:7400", 1000, 5, 50));
    assertThat(directory.heard(host("h2", "10.0.0.1:7400", 1000, 5, 50)))
        .contains("h1", "h2", "10.0.0.1:7400");
    assertThat(directory.heard(host("h2", "10.0.0.1:7400", 1001, 1, 50))).isNull();
    assertThat(directory.hosts()).extracting(DirectoryHost::name).containsExactly("h2");
  }

  @Test
  void aFullDirectoryRefusesNewHostsUntilOneIsLost() {
    for (int i = 1; i <= 4; i++) {
      assertThat(directory.heard(host("h" + i, 10))).isNull();
      pass(Duration.ofSeconds(1));
    }
    assertThat(directory.heard(host("h5", 10))).contains("full with 4 hosts", "h5");
    assertThat(directory.heard(host("h4", "10.0.0.4:7400", 1000, 2, 12))).isNull();
    pass(Duration.ofMillis(3500)); // h1 and h2 are lost, h1 for longer
    assertThat(directory.heard(host("h5", 10))).isNull();
    assertThat(directory.hosts())
        .extracting(DirectoryHost::name)
        .containsExactly("h2", "h3", "h4", "h5");
  }

  @Test
  void theRowsOfAllHostsTogetherAreBounded() {
    Heartbeat.Vm[] many = new Heartbeat.Vm[15];
    for (int i = 0; i < many.length; i++) {
      many[i] = vm("vm" + i, 10);
    }
    assertThat(directory.heard(host("h1", 10, many))).as("31 rows").isNull();
    assertThat(directory.heard(host("h2", 10, many))).contains("full with 1 hosts and 31 rows");
    assertThat(directory.heard(host("h1", "10.0.0.1:7400", 1000, 2, 1))).isNull();
    assertThat(directory.heard(host("h2", 10, many))).isNull();
  }

  @Test
  void aHostThatIsLostForAnHourIsForgotten() {
    directory.heard(host("h1", 10));
    pass(Duration.ofMinutes(59));
    assertThat(lost()).containsExactly("h1");
    pass(Duration.ofMinutes(2));
    assertThat(directory.hosts()).isEmpty();
  }

  @Test
  void aVmThatMovesIsAtItsSourceUntilTheOtherHostHasTakenIt() throws Exception {
    directory.heard(host("h1", 10, vm("web", 100, VmState.MIGRATING, 4)));
    directory.heard(host("h2", 500, vm("web", 100, VmState.INCOMING, 5)));
    directory.heard(host("h3", 400));
    assertThat(directory.vms())
        .extracting(DirectoryVm::host, DirectoryVm::state)
        .first()
        .isEqualTo(tuple("h1", VmState.MIGRATING));
    assertThat(directory.plan(wish("web")).source()).isEqualTo("h1");
    directory.heard(host("h2", "10.0.0.2:7400", 1000, 2, 500, vm("web", 100, VmState.RUNNING, 5)));
    assertThat(directory.plan(wish("web")).source()).isEqualTo("h2");
    assertThat(directory.plan(wish("web")).targets().getFirst().host()).isEqualTo("h3");
  }

  @Test
  void aVmThatIsOnlyKnownToArriveIsNotPlannedForYet() {
    directory.heard(host("h1", 500));
    directory.heard(host("h2", 500, vm("web", 100, VmState.INCOMING, 5)));
    assertThat(refusal(wish("web")).code()).isEqualTo(ErrorCode.BUSY);
    assertThat(refusal(wish("web"))).hasMessageContaining("arriving at host h2");
  }

  /** Its part there is no share that stays, and the host is no new sub-host either. */
  @Test
  void aVmThatIsStillLeavingAHostIsNotPlannedForYet() {
    Heartbeat.Vm vm = vm("web", 100);
    directory.heard(host("h1", 500, Beats.leaving(vm, "h2")));
    directory.heard(host("h2", 500));
    assertThat(refusal(wish("web")).code()).isEqualTo(ErrorCode.BUSY);
    assertThat(refusal(wish("web"))).hasMessageContaining("still has pages on h2");
  }

  @Test
  void aPlanAvoidsWhatIsLabelledAndHostsWithTheVmsToKeepApartFrom() throws Exception {
    Heartbeat.Vm db = vm("db", 100);
    HostReport.Share ofDb = new HostReport.Share(db.id().toString(), "h2", 10, 40960, 100 * MIB);
    directory.heard(host("h1", 10, vm("web", 100)));
    directory.heard(host("h2", 200, db));
    directory.heard(with(host("h3", 300), List.of(), ofDb));
    directory.heard(with(host("h4", 400), List.of("rack-1")));
    assertThat(main(wish("web"))).isEqualTo("h2");
    assertThat(main(wish("web", "rack-1", "db", "none")))
        .as("h2 runs db, h3 has a part of it")
        .isEqualTo("none of them");
    assertThat(main(wish("web", "db"))).isEqualTo("h4");
  }

  private String main(PlanWish wish) {
    try {
      DirectoryPlan plan = directory.plan(wish);
      return plan.targets().getFirst().host();
    } catch (OperationException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.CAPACITY);
      assertThat(e).hasMessageContainingAll("2 to be kept apart from db", "rack-1");
      return "none of them";
    }
  }

  @Test
  void aHostThatSaysThatItIsDrainingGetsNothing() throws Exception {
    directory.heard(host("h1", 10, vm("web", 100)));
    directory.heard(host("h2", 200));
    directory.heard(host("h3", 300));
    assertThat(main(wish("web"))).isEqualTo("h2");
    Heartbeat h2 = host("h2", 200);
    HostReport draining =
        new HostReport("h2", 65536 * MIB, 200 * MIB, 0, 0, List.of(), List.of(), true);
    directory.heard(
        new Heartbeat(draining, h2.data(), h2.startEpoch(), 2, 0, 0, List.of(), List.of()));
    assertThat(main(wish("web"))).isEqualTo("h3");
    assertThat(directory.hosts().get(1).draining()).isTrue();
  }

  @Test
  void aVmThatIsNotKnownOrWhoseHostIsLostHasNoPlan() {
    directory.heard(host("h1", 10, vm("web", 100)));
    assertThat(refusal(wish("db")).code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(refusal(wish("db"))).hasMessageContaining("started just now");
    pass(Duration.ofSeconds(7));
    assertThat(refusal(wish("web")).code()).isEqualTo(ErrorCode.UNREACHABLE_HOST);
    assertThat(refusal(wish("web"))).hasMessageContainingAll("h1", "7 s");
    assertThat(refusal(wish("db"))).hasMessageNotContaining("started just now");
  }

  @Test
  void randomHeartbeatsNeverGoBeyondTheBounds() {
    Random random = new Random(11);
    for (int step = 0; step < 5000; step++) {
      String name = "h" + (1 + random.nextInt(8));
      String at = "10.0.0." + (1 + random.nextInt(8)) + ":7400";
      List<Heartbeat.Vm> vms = new ArrayList<>();
      for (int i = random.nextInt(12); i > 0; i--) {
        vms.add(vm("vm" + i, 10));
      }
      String ignored =
          directory.heard(
              host(
                  name,
                  at,
                  1 + random.nextInt(4),
                  step,
                  random.nextInt(100),
                  vms.toArray(Heartbeat.Vm[]::new)));
      pass(Duration.ofMillis(random.nextInt(2000)));
      List<DirectoryHost> hosts = directory.hosts();
      int rows = hosts.stream().mapToInt(h -> 1 + 2 * h.vms().size()).sum();
      assertThat(hosts.size()).as("step " + step).isLessThanOrEqualTo(4);
      assertThat(rows).as("step " + step).isLessThanOrEqualTo(40);
      assertThat(hosts.stream().map(DirectoryHost::data).distinct())
          .as("step " + step)
          .hasSameSizeAs(hosts);
    }
  }

  @Test
  void itsFiguresAreSumsOverTheHostsThatAreNotLostAndCountWhatWasAsked() {
    directory.heard(host("h1", 10, vm("vm1", 64)));
    pass(Duration.ofMillis(5100));
    directory.heard(host("h2", 20, vm("vm2", 64), vm("vm3", 64)));
    directory.heard(host("h2", "10.0.0.9:7400", 1000, 1, 11)); // another agent of that name
    directory.heardNonsense();
    assertThat(refusal(wish("nobody"))).isNotNull();

    DirectoryMetrics now = directory.metrics();
    assertThat(now.hosts()).isEqualTo(2);
    assertThat(now.lostHosts()).isEqualTo(1);
    assertThat(now.drainingHosts()).isZero();
    assertThat(now.vms()).isEqualTo(3);
    assertThat(now.freeBytes()).isEqualTo(20 * MIB);
    assertThat(now.capacityBytes()).isEqualTo(65536 * MIB);
    assertThat(now.rows()).isEqualTo(8);
    assertThat(now.heartbeats()).isEqualTo(2);
    assertThat(now.refusedHeartbeats()).isEqualTo(2);
    assertThat(now.plans()).isEqualTo(1);
    assertThat(now.failedPlans()).isEqualTo(1);
  }
}
