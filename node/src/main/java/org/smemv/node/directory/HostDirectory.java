package org.smemv.node.directory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.DirectoryHost;
import org.smemv.node.api.DirectoryMetrics;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.DirectoryVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.api.ServedDirectory;

/**
 * What all agents said last. Nothing of it is kept: a directory that was restarted knows the hosts
 * again after one period of their heartbeats. Bounded in hosts and in rows. Safe for use by many
 * threads.
 */
public final class HostDirectory implements ServedDirectory {
  /** Two heartbeats may get lost, and a host that stops is still shown as lost within 6 s. */
  static final Duration LOST_AFTER = Duration.ofSeconds(5);

  private static final Duration FORGOTTEN_AFTER = Duration.ofHours(1);

  /** Within this all agents have registered again. */
  private static final Duration WARM_UP = Duration.ofMillis(2 * Heartbeat.PERIOD_MILLIS);

  private static final long FRESH_LOOK_MILLIS = 50;

  /**
   * How much is remembered at most.
   *
   * @param hosts agents
   * @param rows VMs, shares, labels and hosts in sum; each takes about 200 bytes
   */
  record Limits(int hosts, int rows) {
    static final Limits DEFAULT = new Limits(16_384, 1_000_000);
  }

  /** A host with what is worked out of it. */
  record Known(Heartbeat beat, long heardNanos) {}

  private final LongSupplier nanos;
  private final Limits limits;
  private final long startedNanos;
  private final Map<String, Known> hosts = new TreeMap<>();
  private final Map<String, String> nameByAddress = new HashMap<>();
  private long rows;
  private final LongAdder heartbeats = new LongAdder();
  private final LongAdder refusedHeartbeats = new LongAdder();
  private final LongAdder plans = new LongAdder();
  private final LongAdder failedPlans = new LongAdder();
  private volatile IntSupplier connections = () -> 0;

  /** An empty one. */
  public HostDirectory() {
    this(System::nanoTime, Limits.DEFAULT);
  }

  HostDirectory(LongSupplier nanos, Limits limits) {
    this.nanos = nanos;
    this.limits = limits;
    this.startedNanos = nanos.getAsLong();
  }

  /**
   * Takes note of a heartbeat.
   *
   * @return null, or why the host is not listed, for its operator; nothing has changed then
   */
  @Nullable String heard(Heartbeat beat) {
    String refused = take(beat);
    (refused == null ? heartbeats : refusedHeartbeats).increment();
    return refused;
  }

  /** One that makes no sense came. */
  void heardNonsense() {
    refusedHeartbeats.increment();
  }

  /** Of the data port, which are shown with the other figures. */
  void connections(IntSupplier open) {
    connections = open;
  }

  private synchronized @Nullable String take(Heartbeat beat) {
    Known before = hosts.get(beat.name());
    String refused = before == null || isLost(before) ? null : conflict(before.beat(), beat);
    if (refused == null) {
      refused = addressConflict(beat);
    }
    if (refused != null) {
      return refused;
    }
    if (before != null && isLate(before.beat(), beat)) {
      return null;
    }
    String full = makeRoom(beat, before);
    if (full != null) {
      return full;
    }
    forget(beat.name());
    String other = nameByAddress.get(beat.data());
    if (other != null) {
      forget(other);
    }
    hosts.put(beat.name(), new Known(beat, nanos.getAsLong()));
    nameByAddress.put(beat.data(), beat.name());
    rows += beat.rows();
    return null;
  }

  private static boolean isLate(Heartbeat before, Heartbeat beat) {
    return before.data().equals(beat.data())
        && before.startEpoch() == beat.startEpoch()
        && before.number() >= beat.number();
  }

  private static @Nullable String conflict(Heartbeat before, Heartbeat beat) {
    if (!before.data().equals(beat.data())) {
      return "the name %s is used by two agents, at %s and at %s: give one of them another --name"
          .formatted(beat.name(), before.data(), beat.data());
    }
    return before.startEpoch() <= beat.startEpoch()
        ? null
        : "an agent of %s at %s that was started later is known already"
            .formatted(beat.name(), beat.data());
  }

  /** An agent that was renamed takes its own place; an older one must not. */
  private @Nullable String addressConflict(Heartbeat beat) {
    String name = nameByAddress.get(beat.data());
    Known other = name == null || name.equals(beat.name()) ? null : hosts.get(name);
    if (other == null || isLost(other) || other.beat().startEpoch() < beat.startEpoch()) {
      return null;
    }
    return "two hosts, %s and %s, say that they are at %s: correct --data of one of them"
        .formatted(name, beat.name(), beat.data());
  }

  private @Nullable String makeRoom(Heartbeat beat, @Nullable Known before) {
    long own = before == null ? 0 : before.beat().rows();
    int newcomer = before == null ? 1 : 0;
    while (hosts.size() + newcomer > limits.hosts() || rows - own + beat.rows() > limits.rows()) {
      String oldest = longestLost(beat.name());
      if (oldest == null) {
        return "the directory is full with %d hosts and %d rows, and does not list %s"
            .formatted(hosts.size(), rows, beat.name());
      }
      forget(oldest);
    }
    return null;
  }

  private @Nullable String longestLost(String except) {
    return hosts.values().stream()
        .filter(known -> isLost(known) && !known.beat().name().equals(except))
        .min(Comparator.comparingLong(known -> known.heardNanos() - startedNanos))
        .map(known -> known.beat().name())
        .orElse(null);
  }

  private void forget(String name) {
    Known known = hosts.remove(name);
    if (known != null) {
      rows -= known.beat().rows();
      nameByAddress.remove(known.beat().data(), name);
    }
  }

  private Duration silence(Known known) {
    return Duration.ofNanos(Math.max(0, nanos.getAsLong() - known.heardNanos()));
  }

  private boolean isLost(Known known) {
    return silence(known).compareTo(LOST_AFTER) > 0;
  }

  /** What is known now; later heartbeats do not change it. */
  private synchronized FleetView view() {
    List<String> old = new ArrayList<>();
    List<FleetView.Host> view = new ArrayList<>(hosts.size());
    for (Known known : hosts.values()) {
      Duration silence = silence(known);
      if (silence.compareTo(FORGOTTEN_AFTER) > 0) {
        old.add(known.beat().name());
      } else {
        view.add(new FleetView.Host(known.beat(), isLost(known), silence.toMillis()));
      }
    }
    old.forEach(this::forget);
    return new FleetView(view);
  }

  @Override
  public List<DirectoryHost> hosts() {
    return view().hosts().stream().map(HostDirectory::row).toList();
  }

  private static DirectoryHost row(FleetView.Host host) {
    Heartbeat beat = host.beat();
    HostReport report = beat.host();
    return new DirectoryHost(
        report.name(),
        report.capacityBytes(),
        report.freeBytes(),
        report.reservedBytes(),
        report.usedBytes(),
        report.vms(),
        report.shares(),
        beat.data(),
        host.lost(),
        report.draining(),
        host.silentMillis(),
        beat.reserveBytes(),
        beat.linkBytesPerSecond(),
        beat.labels());
  }

  @Override
  public List<DirectoryVm> vms() {
    return view().vms();
  }

  @Override
  public DirectoryPlan plan(PlanWish wish) throws OperationException {
    return answer(new PlanQuestion.OfVm(wish));
  }

  /** As {@link #plan}, also for what agents ask. */
  DirectoryPlan answer(PlanQuestion question) throws OperationException {
    plans.increment();
    if (question instanceof PlanQuestion.OfVm(var wish) && wish.fresh()) {
      awaitFresh();
    }
    try {
      return view().answer(question);
    } catch (OperationException e) {
      failedPlans.increment();
      throw isWarmingUp()
          ? new OperationException(
              e.code(),
              e.getMessage() + ". The directory was started just now: try again in some seconds",
              e)
          : e;
    }
  }

  @Override
  public DirectoryMetrics metrics() {
    FleetView view = view();
    HostReport sum = view.sum();
    return new DirectoryMetrics(
        view.hosts().size(),
        view.hosts().stream().filter(FleetView.Host::lost).count(),
        view.hosts().stream().filter(host -> host.beat().host().draining()).count(),
        view.hosts().stream().mapToLong(host -> host.beat().vms().size()).sum(),
        sum.capacityBytes(),
        sum.freeBytes(),
        sum.reservedBytes(),
        sum.usedBytes(),
        rows(),
        heartbeats.sum(),
        refusedHeartbeats.sum(),
        plans.sum(),
        failedPlans.sum(),
        connections.getAsInt());
  }

  private synchronized long rows() {
    return rows;
  }

  private boolean isWarmingUp() {
    return nanos.getAsLong() - startedNanos < WARM_UP.toNanos();
  }

  /** Waits until each host has spoken again, or is lost. */
  private void awaitFresh() throws OperationException {
    long asked = nanos.getAsLong();
    while (anyOlderThan(asked)) {
      try {
        Thread.sleep(FRESH_LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new OperationException(ErrorCode.FAILED, "interrupted", e);
      }
    }
  }

  private synchronized boolean anyOlderThan(long asked) {
    return hosts.values().stream()
        .anyMatch(known -> known.heardNanos() - asked <= 0 && !isLost(known));
  }
}
