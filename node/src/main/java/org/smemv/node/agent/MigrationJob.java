package org.smemv.node.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.BodySource;
import org.smemv.migration.Migration;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrationFollower;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.TargetRole;
import org.smemv.placement.PageSize;

/**
 * A migration as its operator sees it: an id, a report with rates over the last moments, and what
 * happened to it.
 */
final class MigrationJob {
  private static final Logger log = LoggerFactory.getLogger(MigrationJob.class);
  private static final long RATE_NANOS = 250_000_000;

  /** A look is one read of a field. Shorter states are passed over. */
  private static final Duration LOOK_EACH = Duration.ofMillis(10);

  private static final long PROGRESS_NANOS = 500_000_000;

  private final String id;
  private final String source;
  private final Migration migration;
  private final BooleanSupplier lacksRoom;
  private final MigrationHistory history = new MigrationHistory();
  private @Nullable MigrationState noted;
  private long notedNanos;
  private long rateNanos = System.nanoTime();
  private long rateBytes;
  private long ratePages;
  private double bytesPerSecond;
  private @Nullable MigrationState rateState;

  /** The rates are over a time that was spent in one state: a beginning foretells no end. */
  private boolean steady;

  private double pagesPerSecond;
  private long rateToGather;
  private double gatheredPerSecond;
  private final Map<String, Long> targetBytes = new HashMap<>();
  private final Map<String, Double> targetRates = new HashMap<>();

  /**
   * @param lacksRoom whether a host had not the memory that was to be reserved
   */
  MigrationJob(String id, String source, Migration migration, BooleanSupplier lacksRoom) {
    this.id = id;
    this.lacksRoom = lacksRoom;
    this.source = source;
    this.migration = migration;
  }

  String id() {
    return id;
  }

  String vm() {
    return migration.plan().name();
  }

  Migration migration() {
    return migration;
  }

  long sentBytes() {
    return migration.progress().sentBytes();
  }

  boolean isOver() {
    return migration.state().isOver();
  }

  /**
   * Begins to note what happens.
   *
   * @param runner the thread that carries the migration out; when it is over, so is this
   */
  void watch(Thread runner) {
    Thread.ofVirtual().name("watch-" + vm()).start(() -> watchToEnd(runner));
  }

  private void watchToEnd(Thread runner) {
    try {
      boolean alive = true;
      while (alive && !isOver()) {
        alive = runner.isAlive();
        tryToNoteProgress();
        Thread.sleep(LOOK_EACH);
      }
      history.note(report());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Followers wait for the end, which is noted whatever breaks before. */
  private void tryToNoteProgress() {
    try {
      noteProgress();
    } catch (RuntimeException | Error e) {
      log.error("migration {}: how far it is could not be noted", id, e);
    }
  }

  private void noteProgress() {
    long now = System.nanoTime();
    if (migration.state() != noted || now - notedNanos >= PROGRESS_NANOS) {
      MigrationReport report = report();
      history.note(report);
      noted = report.state();
      notedNanos = now;
    }
  }

  /** Tells a follower what happens, until it has enough or the migration is over. */
  void follow(long after, MigrationFollower follower) throws OperationException {
    history.follow(after, follower);
  }

  /**
   * Asks for the VM to stay at its source; it does unless the commit comes first.
   *
   * @throws OperationException {@code BUSY} from the commit on, with what can be done instead
   */
  void cancel() throws OperationException {
    MigrationState state = migration.state();
    if (state.compareTo(MigrationState.COMMIT) >= 0) {
      throw new OperationException(
          ErrorCode.BUSY,
          "migration " + id + " of VM " + vm() + " cannot be cancelled any more: " + whyNot(state));
    }
    migration.cancel();
  }

  /**
   * Asks for what has not moved yet to follow after the switch.
   *
   * @throws OperationException {@code BUSY} once the VM is stopped, and when it is over
   */
  void postCopy() throws OperationException {
    MigrationState state = migration.state();
    if (!migration.plan().movesBody()) {
      throw new OperationException(
          ErrorCode.BUSY,
          "VM "
              + vm()
              + " stays on "
              + source
              + " while its memory is placed anew: there is no switch");
    }
    if (state.compareTo(MigrationState.PAUSE) >= 0) {
      throw new OperationException(
          ErrorCode.BUSY,
          "migration %s of VM %s cannot become a post-copy any more: it is in %s"
              .formatted(id, vm(), state));
    }
    if (!migration.plan().mayLeaveRest()) {
      throw new OperationException(
          ErrorCode.BUSY,
          "migration %s of VM %s cannot become a post-copy: the VM has %d sub-hosts, and its source would be one too many"
              .formatted(id, vm(), migration.plan().parts().size()));
    }
    migration.postCopy();
  }

  private String whyNot(MigrationState state) {
    if (!migration.plan().movesBody() && state != MigrationState.ABORTED) {
      return "the VM's memory is placed anew for good, and its pages move while it runs; to have them"
          + " elsewhere: smemv vm migrate "
          + vm()
          + " --main "
          + source
          + " with other --sub or --main-memory";
    }
    String main = migration.plan().main();
    String back = "; to move it back: smemv vm migrate " + vm() + " --main " + source;
    return switch (state) {
      case COMMIT -> "host " + main + " is taking the VM at this moment";
      case RESUME, SETTLE -> "the VM belongs to host " + main + " already" + back;
      case DONE -> "the VM has moved to host " + main + back;
      case ABORTED -> "it was given up already, and the VM goes on at " + source;
      case STALLED -> "host " + main + " has taken the VM or may have; " + migration.reason();
      default -> "it is in " + state;
    };
  }

  synchronized MigrationReport report() {
    BodySource.Progress progress = migration.progress();
    updateRates(progress);
    long remaining = progress.remainingPages() << PageSize.SHIFT;
    boolean known = steady && bytesPerSecond >= 1 && !isOver();
    long eta = known ? (long) (remaining * 1000 / bytesPerSecond) : -1;
    return new MigrationReport(
        id,
        vm(),
        source,
        migration.state(),
        migration.leavesRest(),
        migration.reason(),
        ram(progress, remaining),
        gather(),
        migration.isConverging(),
        migration.expectedDowntimeMillis(),
        migration.downtimeMillis(),
        migration.totalMillis(),
        migration.setupMillis(),
        eta,
        targets(progress),
        failure());
  }

  private @Nullable ErrorCode failure() {
    if (migration.state() != MigrationState.ABORTED) {
      return null;
    }
    return lacksRoom.getAsBoolean() ? ErrorCode.CAPACITY : ErrorCode.FAILED;
  }

  private MigrationReport.Ram ram(BodySource.Progress progress, long remaining) {
    BodySource.Round round = migration.lastRound();
    double dirtied = round == null ? 0 : round.dirtiedPages() * 1e9 / Math.max(1, round.nanos());
    return new MigrationReport.Ram(
        progress.totalPages() << PageSize.SHIFT,
        progress.sentBytes(),
        remaining,
        progress.zeroPages(),
        progress.sentPages(),
        bytesPerSecond * 8 / 1e6,
        pagesPerSecond,
        dirtied,
        migration.rounds());
  }

  private MigrationReport.Gather gather() {
    long pages = migration.toGather();
    return new MigrationReport.Gather(
        pages << PageSize.SHIFT, pages == 0 ? 0 : gatheredPerSecond * PageSize.BYTES * 8 / 1e6);
  }

  private List<MigrationReport.Target> targets(BodySource.Progress progress) {
    List<MigrationReport.Target> rows = new ArrayList<>();
    for (BodySource.TargetProgress target : progress.targets()) {
      rows.add(
          new MigrationReport.Target(
              target.host(),
              rows.isEmpty() ? TargetRole.MAIN : TargetRole.SUB,
              target.pages(),
              target.bytes(),
              targetRates.getOrDefault(target.host(), 0.0) * 8 / 1e6));
    }
    return rows;
  }

  private void updateRates(BodySource.Progress progress) {
    long now = System.nanoTime();
    if (now - rateNanos < RATE_NANOS || isOver()) {
      return;
    }
    MigrationState state = migration.state();
    steady = state == rateState;
    rateState = state;
    double seconds = (now - rateNanos) / 1e9;
    bytesPerSecond = (progress.sentBytes() - rateBytes) / seconds;
    pagesPerSecond = (progress.sentPages() - ratePages) / seconds;
    long toGather = migration.toGather();
    gatheredPerSecond = Math.max(0, rateToGather - toGather) / seconds;
    rateToGather = toGather;
    for (BodySource.TargetProgress target : progress.targets()) {
      long before = targetBytes.getOrDefault(target.host(), 0L);
      targetRates.put(target.host(), (target.bytes() - before) / seconds);
      targetBytes.put(target.host(), target.bytes());
    }
    rateNanos = now;
    rateBytes = progress.sentBytes();
    ratePages = progress.sentPages();
  }
}
