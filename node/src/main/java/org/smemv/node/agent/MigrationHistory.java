package org.smemv.node.agent;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrationEvent;
import org.smemv.node.api.MigrationEvent.Kind;
import org.smemv.node.api.MigrationFollower;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;

/**
 * What happened to a migration: all its states, and the newest of the figures between them. One
 * thread notes, any number follow, each on a thread of its own; the one that notes never waits for
 * them.
 */
final class MigrationHistory {
  /** After so long without news a follower is told that there are none. */
  static final Duration QUIET = Duration.ofSeconds(10);

  /** A migration has a dozen; one that stalls again and again for other reasons has more. */
  private static final int STATES_MAX = 64;

  private final Duration quiet;
  private final Deque<MigrationEvent> states = new ArrayDeque<>();
  private @Nullable MigrationEvent progress;
  private @Nullable MigrationEvent newest;

  MigrationHistory() {
    this(QUIET);
  }

  MigrationHistory(Duration quiet) {
    this.quiet = quiet;
  }

  /** Notes how the migration is now, if that is news. */
  synchronized void note(MigrationReport report) {
    MigrationEvent last = newest;
    if (last == null || isNewState(last.report(), report)) {
      add(new MigrationEvent(lastId() + 1, Kind.STATE, report));
    } else if (hasNewFigures(last.report(), report)) {
      add(new MigrationEvent(lastId() + 1, Kind.PROGRESS, report));
    }
  }

  private static boolean isNewState(MigrationReport before, MigrationReport now) {
    boolean stalledOtherwise =
        now.state() == MigrationState.STALLED && !Objects.equals(before.reason(), now.reason());
    return before.state() != now.state() || stalledOtherwise;
  }

  /** Time goes on by itself: that is no news. */
  private static boolean hasNewFigures(MigrationReport before, MigrationReport now) {
    return !before.ram().equals(now.ram())
        || !before.gather().equals(now.gather())
        || !before.targets().equals(now.targets())
        || before.converging() != now.converging();
  }

  private void add(MigrationEvent event) {
    newest = event;
    if (event.kind() == Kind.STATE) {
      progress = null;
      states.addLast(event);
      if (states.size() > STATES_MAX) {
        states.removeFirst();
      }
    } else {
      progress = event;
    }
    notifyAll();
  }

  private long lastId() {
    return newest == null ? 0 : newest.id();
  }

  /**
   * Tells a follower what happens, until it has enough or the migration is over.
   *
   * @param after the last event that it has; 0 to begin with how it is now
   * @throws OperationException {@code BAD_REQUEST} when there was no such event yet
   */
  void follow(long after, MigrationFollower follower) throws OperationException {
    try {
      tell(check(after), follower);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException(ErrorCode.FAILED, "following the migration was interrupted", e);
    }
  }

  private synchronized long check(long after) throws OperationException {
    if (after > lastId()) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST,
          "there was no event " + after + " of this migration yet; the last one is " + lastId());
    }
    return after;
  }

  private void tell(long after, MigrationFollower follower) throws InterruptedException {
    long told = after;
    Duration wait = Duration.ZERO;
    boolean more = true;
    while (more && !isOver(told)) {
      List<MigrationEvent> events = after(told, wait);
      if (events.isEmpty()) {
        more = follower.quiet();
      }
      for (MigrationEvent event : events) {
        more = more && follower.happened(event);
        told = event.id();
      }
      wait = quiet;
    }
  }

  private synchronized boolean isOver(long told) {
    return newest != null && newest.isLast() && newest.id() == told;
  }

  /** The events after one that was told, oldest first; waits for one. */
  private synchronized List<MigrationEvent> after(long told, Duration wait)
      throws InterruptedException {
    long deadline = System.nanoTime() + wait.toNanos();
    while (lastId() == told) {
      long millis = (deadline - System.nanoTime()) / 1_000_000;
      if (millis <= 0) {
        return List.of();
      }
      wait(millis);
    }
    return told == 0 ? List.of(Objects.requireNonNull(newest)) : missed(told);
  }

  private List<MigrationEvent> missed(long told) {
    List<MigrationEvent> missed = new ArrayList<>(states);
    if (progress != null) {
      missed.add(progress);
    }
    missed.removeIf(event -> event.id() <= told);
    return missed;
  }
}
