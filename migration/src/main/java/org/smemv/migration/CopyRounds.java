package org.smemv.migration;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.MigrationPlan.Limits;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;
import org.smemv.placement.PageSize;

/**
 * The rounds of a migration: each sends all pages that are due or, once post-copy is wanted, tells
 * where they are, until what is left is little enough for the VM to be stopped. The migration's
 * thread, but for {@link #leavesRest}.
 */
final class CopyRounds {
  private static final Logger log = LoggerFactory.getLogger(CopyRounds.class);

  /** Fewer pages than this may be gathered after the switch: a fault brings one that is needed. */
  private static final long FEW_PAGES = 256;

  private static final long ROUND_MILLIS = 100;

  /** A VM that stands so many times as long as it may goes on at its source, but see the next. */
  private static final int PAUSE_FACTOR = 10;

  /** As long as this a pause may always take: a busy host is no reason to begin anew. */
  private static final long PAUSE_MILLIS = 5000;

  private final MigrationPlan plan;
  private final Limits limits;
  private final BodySource source;
  private final Reservations hosts;
  private final Orders orders;
  private final MigrationFigures figures;
  private final Migration.Clock clock;
  private volatile boolean leavesRest;
  private volatile @Nullable String heldUp;
  private boolean stopsAnyway;

  CopyRounds(
      MigrationPlan plan,
      BodySource source,
      Reservations hosts,
      Orders orders,
      MigrationFigures figures,
      Migration.Clock clock) {
    this.plan = plan;
    this.limits = plan.limits();
    this.source = source;
    this.hosts = hosts;
    this.orders = orders;
    this.figures = figures;
    this.clock = clock;
  }

  /** Whether a part of the memory stays at the source, or has. Any thread. */
  boolean leavesRest() {
    return leavesRest;
  }

  /** What keeps the VM from being stopped though its own pages are there; else null. Any thread. */
  @Nullable String heldUp() {
    return heldUp;
  }

  /** Whether the VM, which stands by now, is to go on at its source after all. */
  boolean standsTooLong() {
    long most = Math.max(PAUSE_MILLIS, PAUSE_FACTOR * limits.downtimeMillis());
    return orders.isCancelled() || (!stopsAnyway && figures.downtimeMillis() > most);
  }

  /** Goes on until the VM may be stopped. */
  void run() throws HostException, GivenUp, InterruptedException {
    figures.copyBegins();
    if (limits.mode() == Mode.POSTCOPY) {
      orders.postCopy();
    }
    do {
      leaveRestIfWanted();
      figures.add(source.copy(this::isEnough));
      if (limits.mode() == Mode.HYBRID) {
        orders.postCopy();
      }
    } while (!mayStop());
    heldUp = null;
  }

  /**
   * What is due from now on stays at the source, which the new main host has as one more sub-host
   * by then. The rounds go on: they tell instead of send.
   */
  private void leaveRestIfWanted() throws HostException {
    if (orders.isPostCopy() && !leavesRest) {
      HostControl.Share rest = plan.rest();
      source.offerRest();
      hosts.main().expectRest(plan.vm(), plan.epoch(), rest);
      source.leaveRest(rest.index());
      figures.convergence().beginAnew();
      leavesRest = true;
      log.info("VM {}: post-copy from here on", plan.name());
    }
  }

  /** A round over much memory and little bandwidth takes long, and nobody should wait for it. */
  private boolean isEnough() {
    return orders.isCancelled()
        || orders.isForced()
        || (!leavesRest && (orders.isPostCopy() || isTimeOver()));
  }

  private boolean isTimeOver() {
    long timeout = limits.timeoutSeconds();
    return timeout != 0 && figures.copyMillis() >= timeout * 1000;
  }

  private boolean mayStop() throws GivenUp, HostException, InterruptedException {
    orders.stopIfCancelled();
    boolean near = figures.convergence().allowsStop(limits.downtimeMillis());
    if (near && isGathered()) {
      return true;
    }
    if (leavesRest) {
      // Rounds that only tell are fast: what they cannot catch up with is little.
      stopsAnyway = orders.isForced() || !figures.convergence().isConverging();
      return stopsAnyway;
    }
    boolean over = isTimeOver();
    if (over && limits.onTimeout() == OnTimeout.POSTCOPY) {
      orders.postCopy();
    }
    if (orders.isPostCopy()) {
      return false;
    }
    if (near) {
      clock.sleep(ROUND_MILLIS); // nothing else to do: a round takes next to no time
    }
    stopsAnyway = orders.isForced() || (over && limits.onTimeout() == OnTimeout.FORCE);
    if (stopsAnyway || !over) {
      return stopsAnyway;
    }
    throw timedOut();
  }

  private GivenUp timedOut() {
    boolean converging = figures.convergence().isConverging();
    return new GivenUp(
        "not done after the time-out of %d s: %d MiB are left, and stopping the VM now would take %d ms%s"
            .formatted(
                limits.timeoutSeconds(),
                source.progress().remainingPages() >> (20 - PageSize.SHIFT),
                figures.expectedDowntimeMillis(),
                whyNotDone(converging)));
  }

  private String whyNotDone(boolean converging) {
    if (heldUp != null) {
      return "; " + heldUp;
    }
    return converging ? "" : "; the VM writes faster than its pages travel";
  }

  /** What the sub-hosts still have of a VM that is merged comes to the new main host meanwhile. */
  private boolean isGathered() throws HostException {
    if (!plan.isMerge() || leavesRest) {
      figures.toGather(0);
      return true;
    }
    BodySource.Unmoved unmoved = hosts.main().toGather(plan.vm(), plan.epoch());
    figures.toGather(unmoved.pages());
    heldUp =
        unmoved.why() == null
            ? null
            : "%d pages are still to come to %s: %s; to leave the VM where it is: smemv vm cancel %s"
                .formatted(unmoved.pages(), plan.main(), unmoved.why(), plan.name());
    return unmoved.pages() <= FEW_PAGES;
  }
}
