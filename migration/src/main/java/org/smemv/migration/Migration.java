package org.smemv.migration;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves a VM: reserves memory on every target, copies pages in rounds while the VM runs, stops it,
 * sends what is left and the device state, commits, and lets it run at its new main host. This is
 * the whole sequence; what each step does to a host is behind {@link HostControl} and {@link
 * BodySource}.
 *
 * <p>Before commit every failure gives everything back and the VM goes on at its source. If it is
 * not known whether the new main host committed, neither side lets the VM run until that host says
 * so.
 *
 * <p>If the body stays, there is nothing to stop: memory is reserved on new sub-hosts, the
 * placement is changed, and pages move while the VM runs.
 *
 * <p>{@link #run} is called once, by one thread; the other methods by any.
 */
public final class Migration {
  /** Time, so that a simulation can have its own. */
  public interface Clock {
    /** A clock that only goes forward, in nanoseconds. */
    long nanos();

    /** Waits; a simulation lets time pass instead. */
    void sleep(long millis) throws InterruptedException;
  }

  private static final Logger log = LoggerFactory.getLogger(Migration.class);
  private static final long RETRY_MILLIS = 1000;
  private static final long GATHER_MILLIS = 100;

  private final MigrationPlan plan;
  private final Reservations reservations;
  private final BodySource source;
  private final String bodyDescription;
  private final Clock clock;
  private final Orders orders = new Orders();
  private final MigrationFigures figures;
  private final CopyRounds rounds;
  private final NewMainHost newMain;
  private volatile MigrationState state = MigrationState.PLAN;
  private volatile @Nullable String reason;

  /**
   * @param main the new main host; null when the body stays where it is
   * @param subs the sub-hosts by name; all that the plan names
   * @param body what the main host needs to start a QEMU that fits, opaque here
   */
  public Migration(
      MigrationPlan plan,
      @Nullable HostControl main,
      Map<String, HostControl> subs,
      BodySource source,
      String body,
      Clock clock) {
    this.plan = plan;
    this.reservations = new Reservations(plan, main, subs, orders);
    this.source = source;
    this.bodyDescription = body;
    this.clock = clock;
    this.figures = new MigrationFigures(clock::nanos);
    this.rounds = new CopyRounds(plan, source, reservations, orders, figures, clock);
    this.newMain = new NewMainHost(plan, reservations);
  }

  /** Does it all. Returns when the migration is {@link MigrationState#isOver() over}. */
  public void run() throws InterruptedException {
    if (!cameToCommit()) {
      return;
    }
    if (!plan.movesBody()) {
      enter(MigrationState.SETTLE);
      awaitMoved();
    } else if (commit()) {
      resume();
      settle();
      if (rounds.leavesRest() || !plan.leaving().isEmpty()) {
        awaitGathered();
      }
    } else {
      return;
    }
    figures.ended();
    enter(MigrationState.DONE);
  }

  /** All that may fail and leave the VM as it was; false when it did. */
  private boolean cameToCommit() throws InterruptedException {
    try {
      if (plan.movesBody()) {
        reserve();
        prepare();
        copyInRounds();
        switchOver();
      } else {
        placeAnew();
      }
      return true;
    } catch (HostException | GivenUp e) {
      abort(String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) {
      // Also when memory runs out: a VM must not be left standing or half-way between two hosts.
      log.error("VM {}: the migration broke", plan.name(), e);
      abort(e.toString());
    }
    return false;
  }

  private void enter(MigrationState next) {
    log.info("VM {}: migration to {}: {}", plan.name(), plan.main(), next);
    state = next;
  }

  private void reserve() throws HostException, GivenUp {
    enter(MigrationState.RESERVE);
    reservations.reserveMain();
    reservations.reserveShares(plan.epoch());
  }

  private void prepare() throws HostException, GivenUp {
    enter(MigrationState.PREPARE);
    source.watch();
    reservations.announceMove();
    reservations.main().prepare(plan.vm(), plan.epoch(), bodyDescription, plan.parts());
    orders.stopIfCancelled();
    source.begin(orders::isCancelled);
    orders.stopIfCancelled();
  }

  private void copyInRounds() throws HostException, GivenUp, InterruptedException {
    enter(MigrationState.COPY);
    rounds.run();
    reservations.keepShares();
  }

  private void switchOver() throws HostException, GivenUp {
    orders.stopIfCancelled();
    enter(MigrationState.PAUSE);
    // Before the pause, as it waits for a disk; the new main host cannot commit before it is asked.
    source.aboutToCommit(plan.main(), plan.epoch());
    figures.paused(source.pause());
    figures.endStep("hearing of it");
    if (!source.copyLast(rounds::standsTooLong)) {
      throw stoodTooLong("pages were");
    }
    figures.endStep("last pages");
    orders.stopIfCancelled();
    enter(MigrationState.SEND_BODY);
    if (!source.sendBody(rounds::standsTooLong)) {
      throw stoodTooLong("its device state was");
    }
    figures.endStep("device state");
    orders.stopIfCancelled();
  }

  private GivenUp stoodTooLong(String missing) throws GivenUp {
    orders.stopIfCancelled();
    return new GivenUp(
        "the VM had stood for %d ms, much longer than was expected, and %s still missing: the network has become slow"
            .formatted(figures.downtimeMillis(), missing));
  }

  /**
   * True when the VM belongs to the new main host; false when it surely does not, and was given up.
   */
  private boolean commit() throws InterruptedException {
    enter(MigrationState.COMMIT);
    try {
      newMain.commit();
      figures.endStep("commit");
      return true;
    } catch (HostException e) {
      return e.kind() == HostException.Kind.UNREACHABLE ? askUntilKnown(e) : refused(e);
    }
  }

  private boolean refused(HostException e) {
    abort("the new main host did not commit: " + e.getMessage());
    return false;
  }

  private boolean askUntilKnown(HostException cause) throws InterruptedException {
    stall("it is not known whether " + plan.main() + " took the VM: " + cause.getMessage());
    while (true) {
      try {
        return newMain.decided() || refused(cause);
      } catch (HostException e) {
        clock.sleep(RETRY_MILLIS);
      }
    }
  }

  private void resume() throws InterruptedException {
    enter(MigrationState.RESUME);
    while (true) {
      try {
        newMain.resume();
        figures.resumed();
        reason = null;
        figures.endStep("resume");
        log.info(
            "VM {}: it stood {} ms: {}", plan.name(), downtimeMillis(), figures.downtimeSteps());
        return;
      } catch (HostException e) {
        if (e.kind() == HostException.Kind.REFUSED) {
          // The VM is there for good; that host goes on trying to let it run.
          figures.resumed(); // its stop is that host's to report from now on
          reason =
              "the VM is at " + plan.main() + ", which could not let it run yet: " + e.getMessage();
          return;
        }
        stall("the VM is at " + plan.main() + " but does not run yet: " + e.getMessage());
        clock.sleep(RETRY_MILLIS);
      }
    }
  }

  private void settle() {
    enter(MigrationState.SETTLE);
    try {
      source.retire();
    } catch (RuntimeException | VirtualMachineError e) {
      log.error("VM {}: what it left at {} could not be removed", plan.name(), plan.source(), e);
    }
  }

  /** The new main host goes on by itself; this only waits for it. */
  private void awaitGathered() throws InterruptedException {
    String before = reason;
    while (true) {
      try {
        BodySource.Unmoved unmoved = newMain.toGather();
        figures.toGather(unmoved.pages());
        reason = unmoved.pages() == 0 || unmoved.why() == null ? before : unmoved.why();
        if (unmoved.pages() == 0) {
          return;
        }
      } catch (HostException e) {
        if (e.kind() == HostException.Kind.REFUSED) {
          return; // it has ended there, or moved on
        }
        reason = "the VM runs; its new main host does not say how far it is: " + e.getMessage();
        clock.sleep(RETRY_MILLIS);
      }
      clock.sleep(GATHER_MILLIS);
    }
  }

  /** Pages change their places while the VM runs where it does: this is the commit, too. */
  private void placeAnew() throws HostException, GivenUp {
    enter(MigrationState.RESERVE);
    reservations.reserveShares(source.pagesEpoch());
    reservations.growShares();
    reservations.keepShares();
    orders.stopIfCancelled();
    enter(MigrationState.COMMIT);
    source.rearrange(plan);
  }

  /** The VM's pager moves the pages; this only waits for it. */
  private void awaitMoved() throws InterruptedException {
    while (true) {
      try {
        BodySource.Unmoved unmoved = source.unmoved();
        figures.toGather(unmoved.pages());
        reason = unmoved.pages() == 0 ? null : unmoved.why();
        if (unmoved.pages() == 0) {
          return;
        }
      } catch (RuntimeException | VirtualMachineError e) { // they move all the same
        log.error("VM {}: how far it is could not be found out", plan.name(), e);
        reason = "how far it is could not be found out: " + e;
      }
      clock.sleep(GATHER_MILLIS);
    }
  }

  private void stall(String why) {
    log.warn("VM {}: {}", plan.name(), why);
    reason = why;
    state = MigrationState.STALLED;
  }

  private void abort(String why) {
    log.warn("VM {}: migration to {} given up in {}: {}", plan.name(), plan.main(), state, why);
    try {
      if (plan.movesBody()) {
        source.giveUp();
      } else {
        reservations.shrinkShares();
      }
    } catch (RuntimeException | VirtualMachineError e) {
      log.error("VM {}: could not be brought back cleanly", plan.name(), e);
    }
    reservations.giveBack();
    reason = why;
    figures.ended();
    state = MigrationState.ABORTED;
  }

  /** Asks for the migration to be given up; takes effect before commit only. */
  public void cancel() {
    orders.cancel();
  }

  /** Asks for the VM to be stopped and switched over after this round, whatever is left. */
  public void force() {
    orders.force();
  }

  /**
   * Asks for what has not moved yet to follow after the switch: post-copy. Takes effect before the
   * VM is stopped only.
   */
  public void postCopy() {
    orders.postCopy();
  }

  /** Whether a part of the memory stays at the source, or has, to follow after the switch. */
  public boolean leavesRest() {
    return rounds.leavesRest();
  }

  /** The plan. */
  public MigrationPlan plan() {
    return plan;
  }

  /** Where it is. */
  public MigrationState state() {
    return state;
  }

  /** Why it was given up or is held up; null otherwise. */
  public @Nullable String reason() {
    String why = reason;
    return why == null ? rounds.heldUp() : why;
  }

  /** How far the copying is. */
  public BodySource.Progress progress() {
    return source.progress();
  }

  /** The last round that ended; null before the first. */
  public BodySource.@Nullable Round lastRound() {
    return figures.lastRound();
  }

  /**
   * Pages that are still to come from sub-hosts that leave; where the body stays, also those that
   * are still to leave its host.
   */
  public long toGather() {
    return figures.toGather();
  }

  /** How many rounds there were. */
  public int rounds() {
    return figures.convergence().rounds();
  }

  /** False while the VM writes its pages faster than they travel. */
  public boolean isConverging() {
    return figures.convergence().isConverging();
  }

  /**
   * How long the VM would stand if it were stopped now, in milliseconds; -1 before the first round.
   */
  public long expectedDowntimeMillis() {
    return figures.expectedDowntimeMillis();
  }

  /** How long the VM stood, or has stood so far, in milliseconds; -1 before it was stopped. */
  public long downtimeMillis() {
    return state == MigrationState.ABORTED ? -1 : figures.downtimeMillis();
  }

  /** Milliseconds before the first page was sent; -1 until then. */
  public long setupMillis() {
    return figures.setupMillis();
  }

  /** Milliseconds since the beginning, or until the end. */
  public long totalMillis() {
    return figures.totalMillis();
  }
}
