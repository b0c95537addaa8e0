package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.api.SetDraining;
import org.smemv.node.api.SetMainMemory;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/**
 * Does one operation after another with one VM, chosen by a seed, and waits after each until the VM
 * runs in one place. What others do at the same time, and what breaks, may make an operation fail;
 * the VM must not notice. One thread.
 */
final class RandomOperations {
  private static final Duration ENDS = Duration.ofMinutes(4);
  private static final int REFUSED_MILLIS = 500;
  private static final int DRAIN_MILLIS_MAX = 25_000;
  private static final int MEDDLING_MILLIS_MAX = 2_000;

  /** Refusals: somebody was faster, a host is away, or nothing would change. */
  private static final List<ErrorCode> MAY_HAPPEN =
      List.of(
          ErrorCode.CAPACITY,
          ErrorCode.BAD_REQUEST,
          ErrorCode.UNSUITABLE,
          ErrorCode.BUSY,
          ErrorCode.STALLED,
          ErrorCode.NOT_FOUND,
          ErrorCode.UNREACHABLE_HOST);

  private static final List<MigrationMode> MODES = List.of(MigrationMode.values());

  private final SplitLab lab;
  private final LabDirectory directory;
  private final AgentDeaths deaths;
  private final List<String> hosts;
  private final String vm;
  private final Random random;
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private String now = "nothing yet";

  /**
   * @param hosts where it may be
   */
  RandomOperations(
      SplitLab lab,
      LabDirectory directory,
      AgentDeaths deaths,
      List<String> hosts,
      String vm,
      long seed) {
    this.lab = lab;
    this.directory = directory;
    this.deaths = deaths;
    this.hosts = hosts;
    this.vm = vm;
    this.random = new Random(seed ^ vm.hashCode());
  }

  /** What became of the operations so far. */
  Map<String, Integer> outcomes() {
    return outcomes;
  }

  /**
   * Does one operation, to its end.
   *
   * @return whether it was begun, or refused
   */
  boolean operate() {
    VmReport report = awaitSettled();
    boolean begun = true;
    try {
      switch (random.nextInt(12)) {
        case 0 -> setMainMemory(report);
        case 1, 2, 3 -> run("placed anew", report.host(), placement(report));
        case 4 -> drain(report);
        case 5, 6 -> migrateByPlan();
        default -> run("moved", report.host(), move(report));
      }
    } catch (OperationException e) {
      assertThat(e.code()).as("%s: %s", now, e.getMessage()).isIn(MAY_HAPPEN);
      count("refused: " + e.code(), e.getMessage());
      begun = false;
      Pause.millis(REFUSED_MILLIS);
    }
    awaitSettled();
    return begun;
  }

  private void setMainMemory(VmReport report) throws OperationException {
    long bytes = eighths(report, 2 + random.nextInt(5));
    now = "main memory of " + vm + " on " + report.host() + " to " + (bytes >> 20) + " MiB";
    lab.host(report.host()).setMainMemory(vm, new SetMainMemory(bytes));
    count("main memory changed", "");
  }

  /** Empties the VM's host, or one that has a part of it, or has begun to. */
  private void drain(VmReport report) throws OperationException {
    List<String> places = new ArrayList<>(List.of(report.host()));
    report.subs().forEach(sub -> places.add(sub.host()));
    String host = places.get(random.nextInt(places.size()));
    boolean fast = random.nextInt(3) == 0;
    MigrationMode mode = fast ? MigrationMode.PRECOPY : anyMode();
    now = "%s is drained%s, %s".formatted(host, fast ? " fast" : "", mode);
    var _ = lab.host(host).setDraining(new SetDraining(true, 0, mode, fast));
    try {
      Duration most = Duration.ofMillis(random.nextInt(DRAIN_MILLIS_MAX));
      boolean empty = Pause.until(most, () -> isEmptied(host));
      count(empty ? "drained" : "drained for a while", "");
    } finally {
      Awaitility.await(host + " takes what is new again")
          .atMost(ENDS)
          .ignoreExceptionsInstanceOf(OperationException.class)
          .until(() -> !lab.host(host).setDraining(new SetDraining(false)).draining());
    }
  }

  private boolean isEmptied(String host) {
    try {
      return lab.host(host).drain().state() == DrainReport.State.EMPTY;
    } catch (OperationException e) {
      return false; // its agent is just being started
    }
  }

  /** Where it stays: less of it here and more elsewhere, or the other way round, or elsewhere. */
  private MigrateVm placement(VmReport report) {
    boolean gather = !report.subs().isEmpty() && random.nextInt(3) == 0;
    long mainBytes = gather ? report.memoryBytes() : eighths(report, 3 + random.nextInt(3));
    List<SubShare> subs = gather ? List.of() : anySubs(report.host(), report.host());
    return new MigrateVm(report.host(), mainBytes, subs, null, 0, 0, 0, null, false);
  }

  private MigrateVm move(VmReport report) {
    List<String> targets = new ArrayList<>(hosts);
    targets.remove(report.host());
    String main = targets.get(random.nextInt(targets.size()));
    boolean whole = random.nextInt(3) == 0;
    long mainBytes = whole ? report.memoryBytes() : eighths(report, 3 + random.nextInt(3));
    List<SubShare> subs = whole ? List.of() : anySubs(main, report.host());
    return request(main, mainBytes, subs, anyMode());
  }

  private static MigrateVm request(
      String main, long mainBytes, List<SubShare> subs, MigrationMode mode) {
    return new MigrateVm(main, mainBytes, subs, mode, 500, 0, 60, TimeoutAction.POSTCOPY, false);
  }

  private static long eighths(VmReport report, int count) {
    return report.memoryBytes() / 8 * count;
  }

  private MigrationMode anyMode() {
    return MODES.get(random.nextInt(MODES.size()));
  }

  /** One or two. */
  private List<SubShare> anySubs(String main, String source) {
    List<String> possible = new ArrayList<>(hosts);
    possible.removeAll(List.of(main, source));
    Collections.shuffle(possible, random);
    return possible.stream()
        .limit(1 + random.nextInt(2))
        .map(host -> new SubShare(host, 0))
        .toList();
  }

  /** As {@code vm migrate --auto} does it. */
  private void migrateByPlan() throws OperationException {
    now = vm + " is planned for";
    PlanWish wish =
        new PlanWish(vm, null, null, null, 0, 0, random.nextBoolean(), random.nextInt(3) / 2);
    DirectoryPlan plan = directory.operations().plan(wish);
    DirectoryPlan.Target main = plan.targets().getFirst();
    MigrateVm request = request(main.host(), main.bytes(), plan.subShares(), anyMode());
    run("moved by a plan", plan.source(), request);
  }

  private void run(String kind, String host, MigrateVm request) throws OperationException {
    now =
        "%s is %s from %s to %s with %d MiB and %s, %s"
            .formatted(
                vm,
                kind,
                host,
                request.mainHost(),
                request.mainMemoryBytes() >> 20,
                request.subs(),
                request.mode());
    HostOperations source = lab.host(host);
    MigrationReport begun = source.migrate(vm, request);
    String meddled = meddle(source, begun.id(), request);
    MigrationReport last = awaitEnd(source, begun.id());
    count(kind + meddled + ": " + outcome(last), last == null ? "" : last.reason());
  }

  /** Cancels it, has it leave pages behind, or kills a new sub-host while it is under way. */
  private String meddle(HostOperations source, String id, MigrateVm request) {
    int meddling = random.nextInt(6);
    Pause.millis(meddling < 3 ? random.nextInt(MEDDLING_MILLIS_MAX) : 0);
    try {
      switch (meddling) {
        case 0 -> {
          var _ = source.cancel(id);
          return ", cancelled";
        }
        case 1 -> {
          var _ = source.postCopy(id);
          return ", hurried";
        }
        case 2 -> {
          List<SubShare> subs = request.subs();
          boolean killed = !subs.isEmpty() && deaths.kill(subs.getFirst().host(), 500);
          return killed ? ", its sub-host killed" : "";
        }
        default -> {
          return "";
        }
      }
    } catch (OperationException e) {
      assertThat(e.code()).as("%s: %s", now, e.getMessage()).isIn(MAY_HAPPEN);
      return ", meddling refused"; // it went on too far, or its agent died
    }
  }

  /** How it ended; null when its agent died and does not know of it any more. */
  private MigrationReport awaitEnd(HostOperations source, String id) {
    List<MigrationReport> last = new ArrayList<>();
    Awaitility.await(now)
        .atMost(ENDS)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> isOver(source, id, last));
    return last.isEmpty() ? null : last.getFirst();
  }

  private static boolean isOver(HostOperations source, String id, List<MigrationReport> last) {
    try {
      MigrationReport report = source.migration(id);
      if (report.state().isOver()) {
        last.add(report);
      }
      return report.state().isOver();
    } catch (OperationException e) {
      return e.code() == ErrorCode.NOT_FOUND;
    }
  }

  private static String outcome(MigrationReport last) {
    if (last == null) {
      return "its agent died";
    }
    String mode = last.postCopy() && last.state() == MigrationState.DONE ? " by post-copy" : "";
    return last.state() + mode;
  }

  /** Until the VM runs in one place, and nothing is being done with it. */
  VmReport awaitSettled() {
    List<VmReport> found = new ArrayList<>();
    try {
      Awaitility.await()
          .atMost(ENDS)
          .pollInterval(Duration.ofMillis(200))
          .until(() -> isSettled(found));
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(vm + " has not settled after " + now + ": " + found, e);
    }
    return found.getFirst();
  }

  private boolean isSettled(List<VmReport> found) {
    found.clear();
    for (String host : hosts) {
      try {
        lab.host(host).vms().stream().filter(v -> v.name().equals(vm)).forEach(found::add);
      } catch (OperationException e) {
        return false; // its agent is just being started
      }
    }
    return found.size() == 1
        && found.getFirst().state() == VmState.RUNNING
        && found.getFirst().migrationId() == null;
  }

  private void count(String outcome, String why) {
    System.out.printf("%s: %s%s%n", now, outcome, why == null || why.isEmpty() ? "" : ": " + why);
    outcomes.merge(outcome, 1, Integer::sum);
  }
}
