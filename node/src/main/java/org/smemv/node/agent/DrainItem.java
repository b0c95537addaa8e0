package org.smemv.node.agent;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.DrainReport.ItemState;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;

/** What became of one thing so far; used under the lock of its {@link HostDrain}. */
final class DrainItem {
  /** Memory that went to another meanwhile, or a VM in the middle of something, is soon free. */
  static final Duration SOON = Duration.ofSeconds(3);

  static final Duration AGAIN = Duration.ofSeconds(30);

  /** So often soon, then with more patience. */
  private static final int FAILURES = 3;

  private static final int BUSY = 10;

  /** What only waits and has not changed for this long does not move. */
  static final Duration STANDS = Duration.ofSeconds(30);

  private DrainThing thing;
  private boolean here = true;
  private @Nullable DrainMove move;
  private List<String> to = List.of();
  private @Nullable String migration;
  private @Nullable OperationException failure;
  private int attempts;
  private int failures;
  private int busy;
  private long nextNanos;
  private long changedNanos;

  DrainItem(DrainThing thing, long now) {
    this.thing = thing;
    this.nextNanos = now;
    this.changedNanos = now;
  }

  DrainThing thing() {
    return thing;
  }

  /** How it is now. */
  void seen(DrainThing now, long nanos) {
    if (now.bytes() != thing.bytes()) {
      changedNanos = nanos;
    }
    here = true;
    thing = now;
  }

  void isGone() {
    here = false;
  }

  boolean isHere() {
    return here;
  }

  boolean isRunning() {
    return move != null;
  }

  /** Whether it takes one of the places of those that are moved at the same time. */
  boolean takesPlace() {
    return here && move != null;
  }

  boolean isDue(long now) {
    return here && move == null && thing.waits() == null && now - nextNanos >= 0;
  }

  /**
   * It is moved from now on.
   *
   * @param linkPart of this host's link that it may use
   */
  DrainMove begin(double linkPart) {
    DrainMove begun = new DrainMove(linkPart);
    move = begun;
    attempts++;
    return begun;
  }

  void cancel() {
    if (move != null) {
      move.cancel();
    }
  }

  /** Its thread is done; one that is still here is looked at again. */
  void ended(@Nullable OperationException why, long now) {
    DrainMove ended = move;
    if (ended != null) {
      to = ended.to();
      migration = ended.migration();
    }
    move = null;
    failure = why;
    if (why == null) {
      failures = 0;
      busy = 0;
    } else if (why.code() == ErrorCode.BUSY) {
      busy++;
    } else {
      failures++;
    }
    nextNanos = now + (isSettled() ? AGAIN : SOON).toNanos();
    changedNanos = now;
  }

  /** It failed for more than a passing reason. */
  private boolean isSettled() {
    return failures >= FAILURES || busy >= BUSY;
  }

  /** Whether nothing moves it now, nor will soon. */
  boolean isStuck(long now) {
    DrainMove running = move;
    boolean stands = now - changedNanos >= STANDS.toNanos();
    if (running != null) {
      return running.trouble() != null && stands;
    }
    return thing.waits() != null ? stands : failure != null && isSettled();
  }

  private ItemState state(long now) {
    if (!here) {
      return ItemState.MOVED;
    }
    if (move != null) {
      return ItemState.MOVING;
    }
    if (thing.waits() != null) {
      return isStuck(now) ? ItemState.FAILED : ItemState.WAITING;
    }
    boolean passing = failure == null || (failure.code() == ErrorCode.BUSY && !isSettled());
    return passing ? ItemState.WAITING : ItemState.FAILED;
  }

  private @Nullable String reason() {
    DrainMove running = move;
    OperationException failed = failure;
    if (!here) {
      return attempts == 0 ? "it ended, or somebody else moved it" : null;
    }
    if (running != null) {
      return running.trouble();
    }
    return thing.waits() != null ? thing.waits() : failed == null ? null : failed.getMessage();
  }

  DrainReport.Item report(long now) {
    DrainMove running = move;
    boolean again = here && running == null && failure != null && thing.waits() == null;
    return new DrainReport.Item(
        thing.kind(),
        thing.name(),
        state(now),
        here ? thing.bytes() : 0,
        running == null ? to : running.to(),
        running == null ? migration : running.migration(),
        reason(),
        attempts,
        again ? Math.max(0, (nextNanos - now) / 1_000_000) : 0);
  }
}
