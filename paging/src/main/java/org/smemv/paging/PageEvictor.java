package org.smemv.paging;

import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.linux.Errno;
import org.smemv.linux.SystemCallException;

/**
 * Keeps a VM within the memory that its main host gave it: takes cold pages out ahead of need and
 * stores them on sub-hosts, and has sub-hosts forget pages that came back. One platform thread;
 * what it does to the pages of one batch is {@link PageEviction}.
 *
 * <p>Copies are dropped before pages are put, on the same connection, so that a drop can never hit
 * the newer contents.
 */
final class PageEvictor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PageEvictor.class);

  /** Pages in one eviction: faults on them wait about as long as sending them takes. */
  private static final int BATCH = 64;

  /** After so many batches in a row of which every page was written meanwhile, it rests. */
  private static final int PATIENCE = 16;

  private static final long IDLE_MILLIS = 50;
  private static final long AFTER_FAILURE_MILLIS = 200;

  /** How the evictor is doing, for a person. */
  enum State {
    IDLE,
    EVICTING,
    /** No sub-host that can be reached has room. */
    NO_ROOM
  }

  private final PageTable table;
  private final ResidentBudget budget;
  private final ColdPages cold;
  private final PageEviction eviction;
  private final SwapTargets targets;
  private final StaleCopies copies;
  private final LeftoverSweep leftovers;
  private final ConcurrentLinkedQueue<Runnable> errands = new ConcurrentLinkedQueue<>();
  private final EvictionCounters counters;
  private final Consumer<Throwable> broken;
  private final long[] chosen = new long[BATCH];
  private final Doorbell work = new Doorbell();
  private final Thread thread;
  private volatile State state = State.IDLE;
  private int fruitless;
  private long failedAtNanos;
  private volatile boolean running = true;

  /** Who has it may change places of pages: this thread at work, or who holds it up. */
  private final Semaphore turn = new Semaphore(1, true);

  PageEvictor(
      PageTable table,
      ResidentBudget budget,
      ColdPages cold,
      PageEviction eviction,
      SwapTargets targets,
      StaleCopies copies,
      LeftoverSweep leftovers,
      EvictionCounters counters,
      Consumer<Throwable> broken) {
    this.table = table;
    this.budget = budget;
    this.cold = cold;
    this.eviction = eviction;
    this.targets = targets;
    this.copies = copies;
    this.leftovers = leftovers;
    this.counters = counters;
    this.broken = broken;
    this.thread = Thread.ofPlatform().name("page-evictor").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  State state() {
    return state;
  }

  /** Says that room is needed now. Any thread. */
  void roomNeeded() {
    work.ring();
  }

  /**
   * Has something short done by the evictor's thread, in order, once it runs: what changes entries
   * or drops copies may not meet an eviction half-way. Any thread.
   */
  void errand(Runnable work) {
    errands.add(work);
    this.work.ring();
  }

  private void runErrands() {
    for (Runnable errand = errands.poll(); errand != null; errand = errands.poll()) {
      errand.run();
    }
  }

  private void run() {
    try {
      cold.begin();
      while (running) {
        if (turn.tryAcquire(IDLE_MILLIS, TimeUnit.MILLISECONDS) && !takeTurn()) {
          work.await(state == State.NO_ROOM ? AFTER_FAILURE_MILLIS : IDLE_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      if (e instanceof SystemCallException call && call.errno() == Errno.ESRCH) {
        log.info("the evictor ends: its QEMU has ended");
      } else if (running) {
        log.error("the evictor broke; its guest stalls until the memory is attached again", e);
        broken.accept(e);
      }
    }
  }

  /** Does a short piece of work; false when there is nothing to do now. */
  private boolean takeTurn() {
    try {
      runErrands();
      boolean moreLeftovers = leftovers.sweepSome();
      boolean moreCopies = copies.dropSome() || moreLeftovers;
      return (moreCopies && isResting()) || makeRoom() || moreCopies;
    } finally {
      turn.release();
    }
  }

  /**
   * Lets no page leave and no copy be dropped; returns when that is so. Any thread.
   *
   * @return false when it did not come to that in time, as while a sub-host does not answer
   */
  boolean hold(Duration timeout) {
    try {
      return turn.tryAcquire(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Ends {@link #hold}. Any thread, once for each. */
  void goOn() {
    turn.release();
    roomNeeded();
  }

  /** True for a while after nothing could be evicted. */
  private boolean isResting() {
    return state == State.NO_ROOM
        && System.nanoTime() - failedAtNanos < AFTER_FAILURE_MILLIS * 1_000_000;
  }

  /** Evicts one batch if the budget asks for it; false when there is nothing to do or no way to. */
  private boolean makeRoom() {
    long excess = budget.excess();
    if (excess <= 0 || (state == State.IDLE && !budget.isTight())) {
      state = State.IDLE;
      return false;
    }
    int wanted = (int) Math.min(BATCH, excess);
    // Two rounds of the hand cool every page down; more only if the guest writes to all of them.
    long windows = 1 + table.pages() / ColdPages.WINDOW;
    for (long i = 0; i < 10 * windows && running; i++) {
      int count = cold.sweep(chosen, wanted);
      if (count > 0) {
        return evict(count);
      }
    }
    return false;
  }

  private boolean evict(int count) {
    int host = targets.choose(count);
    int fits = count;
    if (host < 0) {
      host = targets.choose(1);
      fits = 1;
    }
    try {
      int gone = eviction.run(chosen, host < 0 ? count : fits, host);
      copies.send();
      if (gone > 0) {
        state = State.EVICTING;
        fruitless = 0;
        return true;
      }
      return host < 0 ? noRoom("no sub-host that can be reached has room") : ++fruitless < PATIENCE;
    } catch (PageEviction.NotStored e) {
      // It may hold some of them. When it is away instead, its return has the whole table looked
      // at.
      copies.addAll(chosen, fits);
      return noRoom(String.valueOf(e.getMessage()));
    }
  }

  private boolean noRoom(String why) {
    counters.failure();
    if (state != State.NO_ROOM) {
      log.info("nothing can be evicted now: {}", why);
    }
    state = State.NO_ROOM;
    failedAtNanos = System.nanoTime();
    return false;
  }

  @Override
  public void close() {
    running = false;
    roomNeeded();
    ThreadEnd.await(thread);
  }
}
