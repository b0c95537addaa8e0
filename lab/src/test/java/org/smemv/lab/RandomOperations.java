package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
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

  /** Refusals: somebody was faster, a host is away, or a sub-host would get nothing. */
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
  private final String vm;
  private final List<String> mainHosts;
  private final List<String> subHosts;
  private final Random random;
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private String now = "nothing yet";

  /**
   * @param mainHosts where it may run
   * @param subHosts where parts of it may be
   */
  RandomOperations(
      SplitLab lab, String vm, List<String> mainHosts, List<String> subHosts, long seed) {
    this.lab = lab;
    this.vm = vm;
    this.mainHosts = mainHosts;
    this.subHosts = subHosts;
    this.random = new Random(seed ^ vm.hashCode());
  }

  /** What became of the operations so far. */
  Map<String, Integer> outcomes() {
    return outcomes;
  }

  /** Does one operation, to its end. */
  void operate() {
    VmReport report = awaitSettled();
    try {
      if (!report.subs().isEmpty() && random.nextInt(5) == 0) {
        setMainMemory(report);
      } else {
        migrate(report, request(report));
      }
    } catch (OperationException e) {
      assertThat(e.code()).as("%s: %s", now, e.getMessage()).isIn(MAY_HAPPEN);
      count(e.code().toString());
    }
    awaitSettled();
  }

  private void setMainMemory(VmReport report) throws OperationException {
    long bytes = report.memoryBytes() / 8 * (2 + random.nextInt(5));
    now = "main memory of " + vm + " on " + report.host() + " to " + (bytes >> 20) + " MiB";
    lab.host(report.host()).setMainMemory(vm, new SetMainMemory(bytes));
    count("main memory changed");
  }

  private MigrateVm request(VmReport report) {
    List<String> targets = new ArrayList<>(mainHosts);
    targets.remove(report.host());
    report.subs().forEach(sub -> targets.remove(sub.host()));
    String main = targets.get(random.nextInt(targets.size()));
    MigrationMode mode = MODES.get(random.nextInt(MODES.size()));
    boolean whole = random.nextInt(3) == 0;
    long mainBytes = report.memoryBytes() / 8 * (whole ? 8 : 3 + random.nextInt(3));
    List<SubShare> subs = new ArrayList<>();
    for (String sub : whole ? List.<String>of() : subHosts) {
      if (subs.isEmpty() || random.nextBoolean()) {
        subs.add(new SubShare(sub, 0));
      }
    }
    java.util.Collections.shuffle(subs, random);
    return new MigrateVm(main, mainBytes, subs, mode, 500, 0, 60, TimeoutAction.POSTCOPY, false);
  }

  private void migrate(VmReport report, MigrateVm request) throws OperationException {
    now =
        "%s from %s to %s with %d MiB and %s, %s"
            .formatted(
                vm,
                report.host(),
                request.mainHost(),
                request.mainMemoryBytes() >> 20,
                request.subs(),
                request.mode());
    HostOperations source = lab.host(report.host());
    MigrationReport begun = source.migrate(vm, request);
    int meddling = random.nextInt(6);
    if (meddling < 2) {
      sleep(random.nextInt(3000));
      if (meddling == 0) {
        source.cancel(begun.id());
      } else {
        source.postCopy(begun.id());
      }
    }
    count(awaitEnd(source, begun.id()));
  }

  /** How it ended; its agent may die and not know of it any more. */
  private String awaitEnd(HostOperations source, String id) {
    return Awaitility.await(now)
        .atMost(ENDS)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> end(source, id), end -> !end.isEmpty());
  }

  private String end(HostOperations source, String id) {
    try {
      MigrationReport report = source.migration(id);
      return report.state().isOver() ? report.state() + (report.postCopy() ? " postcopy" : "") : "";
    } catch (OperationException e) {
      return e.code() == ErrorCode.NOT_FOUND ? "source's agent died" : "";
    }
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
    for (String host : mainHosts) {
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

  private void count(String outcome) {
    System.out.println(now + ": " + outcome);
    outcomes.merge(outcome, 1, Integer::sum);
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted", e);
    }
  }
}
