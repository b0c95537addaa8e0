package org.smemv.node.agent;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.BodySource;
import org.smemv.migration.Migration;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.TargetRole;
import org.smemv.placement.PageSize;

/** A migration as its operator sees it: an id, and a report with rates over the last moments. */
final class MigrationJob {
  private static final long RATE_NANOS = 250_000_000;

  private final String id;
  private final String source;
  private final Migration migration;
  private final BooleanSupplier lacksRoom;
  private long rateNanos = System.nanoTime();
  private long rateBytes;
  private long ratePages;
  private double bytesPerSecond;
  private double pagesPerSecond;
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

  boolean isOver() {
    return migration.state().isOver();
  }

  synchronized MigrationReport report() {
    BodySource.Progress progress = migration.progress();
    updateRates(progress);
    long remaining = progress.remainingPages() << PageSize.SHIFT;
    long eta = bytesPerSecond < 1 || isOver() ? -1 : (long) (remaining * 1000 / bytesPerSecond);
    return new MigrationReport(
        id,
        vm(),
        source,
        migration.state(),
        migration.reason(),
        ram(progress, remaining),
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
    double seconds = (now - rateNanos) / 1e9;
    bytesPerSecond = (progress.sentBytes() - rateBytes) / seconds;
    pagesPerSecond = (progress.sentPages() - ratePages) / seconds;
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
