package org.smemv.migration;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.OnTimeout;
import org.smemv.placement.PageSize;

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

  /** Stops the migration: what is left is not done any more. */
  private static final class GivenUp extends Exception {
    private static final long serialVersionUID = 1L;

    GivenUp(String reason) {
      super(reason);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(Migration.class);
  private static final long RETRY_MILLIS = 1000;

  /** Fewer pages than this may be gathered after the switch: a fault brings one that is needed. */
  private static final long FEW_PAGES = 256;

  private static final long GATHER_MILLIS = 100;
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** A VM that stands so many times as long as it may goes on at its source, but see the next. */
  private static final int PAUSE_FACTOR = 10;

  /** As long as this a pause may always take: a busy host is no reason to begin anew. */
  private static final long PAUSE_MILLIS = 5000;

  private final MigrationPlan plan;
  private final Map<String, HostControl> hosts = new LinkedHashMap<>();
  private final Map<String, HostControl> present = new LinkedHashMap<>();
  private final BodySource source;
  private final String bodyDescription;
  private final Clock clock;
  private final Convergence convergence = new Convergence();
  private final DowntimeSteps steps = new DowntimeSteps();
  private final LongSupplier now;
  private final long begun;

  private volatile MigrationState state = MigrationState.PLAN;
  private volatile @Nullable String reason;
  private volatile long copyBegun = -1;
  private volatile long paused = -1;
  private volatile long resumed = -1;
  private volatile long ended = -1;
  private volatile BodySource.@Nullable Round lastRound;
  private volatile long toGather;
  private volatile boolean cancelled;
  private volatile boolean forced;
  private volatile boolean postCopyWanted;
  private volatile boolean leavesRest;
  private boolean stopsAnyway;

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
    if (main != null) {
      hosts.put(plan.main(), main);
    }
    plan.shares().forEach(s -> hosts.put(s.host(), subs.get(s.host())));
    plan.present().forEach(s -> present.put(s.share().host(), subs.get(s.share().host())));
    this.source = source;
    this.bodyDescription = body;
    this.clock = clock;
    this.now = clock::nanos;
    this.begun = clock.nanos();
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
      if (leavesRest || !plan.leaving().isEmpty()) {
        awaitGathered();
      }
    } else {
      return;
    }
    ended = now.getAsLong();
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
    main().reserve(reservation(Role.MAIN, plan.mainBytes(), plan.epoch()));
    reserveShares(plan.epoch());
  }

  private void reserveShares(long pagesFrom) throws HostException, GivenUp {
    for (HostControl.Share share : plan.shares()) {
      stopIfCancelled();
      host(share.host()).reserve(reservation(Role.SUB, share.bytes(), pagesFrom));
    }
  }

  private Reservation reservation(Role role, long bytes, long pagesFrom) {
    return new Reservation(
        plan.vm(),
        plan.name(),
        plan.epoch(),
        role,
        bytes,
        plan.vmBytes(),
        plan.source(),
        plan.main(),
        pagesFrom);
  }

  private HostControl host(String name) {
    HostControl host = hosts.get(name);
    if (host == null) {
      throw new IllegalStateException("the plan names " + name + ", which was not given");
    }
    return host;
  }

  private HostControl main() {
    return host(plan.main());
  }

  private void prepare() throws HostException, GivenUp {
    enter(MigrationState.PREPARE);
    source.watch();
    for (HostControl host : present.values()) {
      host.mayMove(plan.vm(), plan.epoch(), plan.main());
    }
    main().prepare(plan.vm(), plan.epoch(), bodyDescription, plan.parts());
    stopIfCancelled();
    source.begin();
  }

  private void copyInRounds() throws HostException, GivenUp, InterruptedException {
    enter(MigrationState.COPY);
    copyBegun = now.getAsLong();
    postCopyWanted |= plan.limits().mode() == Mode.POSTCOPY;
    do {
      leaveRestIfWanted();
      BodySource.Round round = source.copy(this::isEnough);
      convergence.add(round, PageSize.BYTES);
      lastRound = round;
      postCopyWanted |= plan.limits().mode() == Mode.HYBRID;
    } while (!mayStop());
    keepShares();
  }

  private void keepShares() throws HostException {
    for (HostControl.Share share : plan.shares()) {
      host(share.host()).keep(plan.vm(), plan.epoch());
    }
  }

  /**
   * What is due from now on stays at the source, which the new main host has as one more sub-host
   * by then. The rounds go on: they tell instead of send.
   */
  private void leaveRestIfWanted() throws HostException {
    if (postCopyWanted && !leavesRest) {
      HostControl.Share rest = plan.rest();
      source.offerRest();
      main().expectRest(plan.vm(), plan.epoch(), rest);
      source.leaveRest(rest.index());
      convergence.beginAnew();
      leavesRest = true;
      log.info("VM {}: post-copy from here on", plan.name());
    }
  }

  /** A round over much memory and little bandwidth takes long, and nobody should wait for it. */
  private boolean isEnough() {
    return cancelled || forced || (!leavesRest && (postCopyWanted || isTimeOver()));
  }

  private boolean isTimeOver() {
    long timeout = plan.limits().timeoutSeconds();
    return timeout != 0 && millisSince(copyBegun) >= timeout * 1000;
  }

  private boolean mayStop() throws GivenUp, HostException, InterruptedException {
    stopIfCancelled();
    boolean near = convergence.allowsStop(plan.limits().downtimeMillis());
    if (near && isGathered()) {
      return true;
    }
    if (leavesRest) {
      // Rounds that only tell are fast: what they cannot catch up with is little.
      stopsAnyway = forced || !convergence.isConverging();
      return stopsAnyway;
    }
    boolean over = isTimeOver();
    postCopyWanted |= over && plan.limits().onTimeout() == OnTimeout.POSTCOPY;
    if (postCopyWanted) {
      return false;
    }
    if (near) {
      clock.sleep(GATHER_MILLIS); // nothing else to do: a round takes next to no time
    }
    stopsAnyway = forced || (over && plan.limits().onTimeout() == OnTimeout.FORCE);
    if (stopsAnyway || !over) {
      return stopsAnyway;
    }
    throw new GivenUp(
        "not done after the time-out of %d s: %d MiB are left, and stopping the VM now would take %d ms%s"
            .formatted(
                plan.limits().timeoutSeconds(),
                source.progress().remainingPages() >> (20 - PageSize.SHIFT),
                convergence.expectedDowntimeMillis(),
                convergence.isConverging() ? "" : "; the VM writes faster than its pages travel"));
  }

  /** What the sub-hosts still have of a VM that is merged comes to the new main host meanwhile. */
  private boolean isGathered() throws HostException {
    toGather = plan.isMerge() && !leavesRest ? main().toGather(plan.vm(), plan.epoch()) : 0;
    return toGather <= FEW_PAGES;
  }

  private void switchOver() throws HostException, GivenUp {
    stopIfCancelled();
    enter(MigrationState.PAUSE);
    // Before the pause, as it waits for a disk; the new main host cannot commit before it is asked.
    source.aboutToCommit(plan.main(), plan.epoch());
    paused = source.pause();
    steps.begin(paused);
    endStep("hearing of it");
    if (!source.copyLast(this::standsTooLong)) {
      stopIfCancelled();
      throw new GivenUp(
          "the VM had stood for %d ms, much longer than was expected, and pages were still missing: the network has become slow"
              .formatted(millisSince(paused)));
    }
    endStep("last pages");
    stopIfCancelled();
    enter(MigrationState.SEND_BODY);
    source.sendBody();
    endStep("device state");
    stopIfCancelled();
  }

  private boolean standsTooLong() {
    long most = Math.max(PAUSE_MILLIS, PAUSE_FACTOR * plan.limits().downtimeMillis());
    return cancelled || (!stopsAnyway && millisSince(paused) > most);
  }

  private void endStep(String step) {
    steps.end(step, now.getAsLong());
  }

  /**
   * True when the VM belongs to the new main host; false when it surely does not, and was given up.
   */
  private boolean commit() throws InterruptedException {
    enter(MigrationState.COMMIT);
    try {
      surely(() -> main().commit(plan.vm(), plan.epoch()));
      endStep("commit");
      return true;
    } catch (HostException e) {
      return e.kind() == HostException.Kind.UNREACHABLE ? askUntilKnown(e) : refused(e);
    }
  }

  /** Something that the main host is asked. */
  private interface Request {
    void ask() throws HostException;
  }

  /**
   * From the commit on nothing but an answer decides: a request that broke here may have been heard
   * there.
   */
  private static void surely(Request request) throws HostException {
    try {
      request.ask();
    } catch (RuntimeException | VirtualMachineError e) { // when memory is short, say
      log.error("a request broke", e);
      throw new HostException(HostException.Kind.UNREACHABLE, e.toString(), e);
    }
  }

  private boolean refused(HostException e) {
    abort("the new main host did not commit: " + e.getMessage());
    return false;
  }

  private boolean askUntilKnown(HostException cause) throws InterruptedException {
    stall("it is not known whether " + plan.main() + " took the VM: " + cause.getMessage());
    boolean[] decided = new boolean[1];
    while (true) {
      try {
        surely(() -> decided[0] = main().decided(plan.vm(), plan.epoch()));
        return decided[0] || refused(cause);
      } catch (HostException e) {
        clock.sleep(RETRY_MILLIS);
      }
    }
  }

  private void resume() throws InterruptedException {
    enter(MigrationState.RESUME);
    while (true) {
      try {
        surely(() -> main().resume(plan.vm(), plan.epoch()));
        resumed = now.getAsLong();
        reason = null;
        endStep("resume");
        log.info("VM {}: it stood {} ms: {}", plan.name(), downtimeMillis(), steps);
        return;
      } catch (HostException e) {
        if (e.kind() == HostException.Kind.REFUSED) {
          // The VM is there for good; that host goes on trying to let it run.
          resumed = now.getAsLong(); // its stop is that host's to report from now on
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
    } catch (RuntimeException e) {
      log.error("VM {}: what it left at {} could not be removed", plan.name(), plan.source(), e);
    }
  }

  /** The new main host goes on by itself; this only waits for it. */
  private void awaitGathered() throws InterruptedException {
    String before = reason;
    while (true) {
      try {
        surely(() -> toGather = main().toGather(plan.vm(), plan.epoch()));
        reason = before;
        if (toGather == 0) {
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
    reserveShares(source.pagesEpoch());
    growShares();
    keepShares();
    stopIfCancelled();
    enter(MigrationState.COMMIT);
    source.rearrange(plan);
  }

  private void growShares() throws HostException, GivenUp {
    for (MigrationPlan.Staying staying : plan.staying()) {
      if (staying.grows()) {
        stopIfCancelled();
        presentHost(staying).resize(plan.vm(), staying.share().bytes());
      }
    }
  }

  private HostControl presentHost(MigrationPlan.Staying staying) {
    return java.util.Objects.requireNonNull(present.get(staying.share().host()));
  }

  /** Sub-hosts that stay grant again what they did. */
  private void shrinkShares() {
    for (MigrationPlan.Staying staying : plan.staying()) {
      try {
        if (staying.grows()) {
          presentHost(staying).resize(plan.vm(), staying.formerBytes());
        }
      } catch (HostException e) {
        log.warn("VM {}: more is reserved than it uses: {}", plan.name(), e.getMessage());
      }
    }
  }

  /** The VM's pager moves the pages; this only waits for it. */
  private void awaitMoved() throws InterruptedException {
    while (true) {
      BodySource.Unmoved unmoved = source.unmoved();
      toGather = unmoved.pages();
      if (toGather == 0) {
        reason = null;
        return;
      }
      reason = unmoved.why();
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
        shrinkShares();
      }
    } catch (RuntimeException e) {
      log.error("VM {}: could not be brought back cleanly", plan.name(), e);
    }
    for (Map.Entry<String, HostControl> host : hosts.entrySet()) {
      try {
        if (host.getKey().equals(plan.main())) {
          host.getValue().turnBack(plan.vm(), plan.epoch());
        } else {
          host.getValue().release(plan.vm(), plan.epoch());
        }
      } catch (HostException e) {
        log.info("VM {}: a reservation lapses by itself: {}", plan.name(), e.getMessage());
      }
    }
    reason = why;
    ended = now.getAsLong();
    state = MigrationState.ABORTED;
  }

  private void stopIfCancelled() throws GivenUp {
    if (cancelled) {
      throw new GivenUp("cancelled");
    }
  }

  /** Asks for the migration to be given up; takes effect before commit only. */
  public void cancel() {
    cancelled = true;
  }

  /** Asks for the VM to be stopped and switched over after this round, whatever is left. */
  public void force() {
    forced = true;
  }

  /**
   * Asks for what has not moved yet to follow after the switch: post-copy. Takes effect before the
   * VM is stopped only.
   */
  public void postCopy() {
    postCopyWanted = true;
  }

  /** Whether a part of the memory stays at the source, or has, to follow after the switch. */
  public boolean leavesRest() {
    return leavesRest;
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
    return reason;
  }

  /** How far the copying is. */
  public BodySource.Progress progress() {
    return source.progress();
  }

  /** The last round that ended; null before the first. */
  public BodySource.@Nullable Round lastRound() {
    return lastRound;
  }

  /**
   * Pages that are still to come from sub-hosts that leave; where the body stays, also those that
   * are still to leave its host.
   */
  public long toGather() {
    return toGather;
  }

  /** How many rounds there were. */
  public int rounds() {
    return convergence.rounds();
  }

  /** False while the VM writes its pages faster than they travel. */
  public boolean isConverging() {
    return convergence.isConverging();
  }

  /**
   * How long the VM would stand if it were stopped now, in milliseconds; -1 before the first round.
   */
  public long expectedDowntimeMillis() {
    return convergence.rounds() == 0 ? -1 : convergence.expectedDowntimeMillis();
  }

  /** How long the VM stood, or has stood so far, in milliseconds; -1 before it was stopped. */
  public long downtimeMillis() {
    if (paused < 0 || state == MigrationState.ABORTED) {
      return -1;
    }
    return ((resumed < 0 ? now.getAsLong() : resumed) - paused) / NANOS_PER_MILLI;
  }

  /** Milliseconds before the first page was sent; -1 until then. */
  public long setupMillis() {
    return copyBegun < 0 ? -1 : (copyBegun - begun) / NANOS_PER_MILLI;
  }

  /** Milliseconds since the beginning, or until the end. */
  public long totalMillis() {
    return ((ended < 0 ? now.getAsLong() : ended) - begun) / NANOS_PER_MILLI;
  }

  private long millisSince(long nanos) {
    return (now.getAsLong() - nanos) / NANOS_PER_MILLI;
  }
}
