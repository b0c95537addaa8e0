package org.smemv.paging;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Remote paging of one VM on its main host: the fault loop, the evictor and the sub-hosts, put
 * together. Made when the first page is somewhere else than here; a VM that is wholly local has
 * none.
 */
public final class GuestPager implements AutoCloseable {
  /** How long the fault loop looks for work before it sleeps. */
  public static final Duration SPIN = Duration.ofNanos(50_000);

  private final GuestAttachment attachment;
  private final SubHosts subHosts;
  private final ResidentBudget budget;
  private final FaultCounters faultCounters = new FaultCounters();
  private final EvictionCounters evictionCounters = new EvictionCounters();
  private final EvictionPipe pipe;
  private final FaultLoop faultLoop;
  private final PageEvictor evictor;
  private final StaleCopies copies;
  private final Leftovers leftovers;
  private final ShareDrains drains;
  private final AtomicBoolean evicting = new AtomicBoolean();

  /**
   * Puts the parts together; starts nothing yet. {@link #recover()} must follow unless the page
   * table is new.
   *
   * @param attachment the VM's memory; closed by its owner, after this
   * @param subHosts where its remote pages are; closed with this
   * @param broken is told when a thread of this broke, which needs a new attachment
   */
  public GuestPager(
      GuestAttachment attachment, SubHosts subHosts, Duration spin, Consumer<Throwable> broken) {
    this(attachment, subHosts, spin, broken, System::nanoTime);
  }

  /** As the public one, with another clock for how long a sub-host is away. */
  GuestPager(
      GuestAttachment attachment,
      SubHosts subHosts,
      Duration spin,
      Consumer<Throwable> broken,
      LongSupplier clock) {
    PageTable table = attachment.table();
    GuestMemory memory = attachment.memory();
    this.attachment = attachment;
    this.subHosts = subHosts;
    this.budget = new ResidentBudget(table.limitPages(), table.pages());
    this.pipe = new EvictionPipe(memory, new EvictionJournal(table), attachment.pipe());
    DropQueue queue = new DropQueue();
    this.copies = new StaleCopies(table, queue, subHosts, evictionCounters);
    this.faultLoop =
        new FaultLoop(
            new FaultLoop.Parts(
                table,
                budget,
                attachment.faults(),
                memory,
                faultCounters,
                SubHosts.HOSTS_MAX,
                queue,
                subHosts::lost,
                this::roomNeeded,
                broken,
                spin.toNanos()));
    PageInstaller installer = new PageInstaller(attachment.faults(), memory);
    ColdPages cold = new ColdPages(table, memory, attachment.pagemap());
    PageEviction eviction =
        new PageEviction(
            table,
            budget,
            memory,
            installer,
            cold,
            pipe,
            subHosts,
            copies,
            evictionCounters,
            faultLoop::lookAgain);
    this.leftovers = new Leftovers(table);
    LeftoverSweep sweep = new LeftoverSweep(table, subHosts, leftovers);
    this.evictor =
        new PageEvictor(
            table, budget, cold, eviction, subHosts, copies, sweep, evictionCounters, broken);
    this.drains =
        new ShareDrains(
            new ShareDrain.Parts(
                table,
                budget,
                attachment,
                subHosts,
                copies,
                leftovers,
                evictor,
                new RelocationSettlement(table, subHosts, leftovers),
                clock,
                faultCounters::remote,
                broken));
  }

  /**
   * Takes the guest's missing pages over, and makes the page table that a dead agent left, or a new
   * one of a guest that runs, agree with the memory. {@link #serveFaults()} is to follow at once:
   * whoever touches a hole waits for it.
   */
  public void recover() {
    // First: a hole that the guest fills while it is looked for pages would be called zeros.
    attachment.takeMissingFaults();
    Recovery recovery =
        new Recovery(attachment.table(), attachment.memory(), attachment.faults(), pipe);
    budget.found(recovery.run());
    for (int host = 0; host < subHosts.count(); host++) {
      subHosts.countUsed(host, recovery.held(host));
    }
    copies.lookEverywhere();
    leftovers.recover();
    drains.recover();
  }

  /** Takes the guest's missing pages over, unless that was done, and serves them from now on. */
  public void serveFaults() {
    subHosts.start(
        faultLoop::adopt,
        () -> {
          copies.lookEverywhere();
          roomNeeded();
        });
    faultLoop.start();
    attachment.takeMissingFaults();
    drains.start();
  }

  /**
   * The VM belongs to this host now: its sub-hosts are taken over from its former main host, and
   * looked through once for copies that it left there. Does nothing when they are this host's. Any
   * thread.
   */
  public void takeOver() {
    if (subHosts.takeOver()) {
      suspectAll();
    }
  }

  /** The sub-hosts are looked through once for copies that no entry names. Any thread. */
  public void suspectAll() {
    subHosts.all().forEach(host -> leftovers.suspect(host.identity().index()));
  }

  /** Keeps the VM within its limit from now on, once the VM runs here. May be repeated. */
  public void keepWithinLimit() {
    if (evicting.compareAndSet(false, true)) {
      evictor.start();
    }
  }

  /**
   * Keeps every remote page where it is, and its copies: none is evicted, moved or dropped until
   * {@link #goOn()}. Faults are served.
   *
   * @return false when that did not come about in time; then nothing is held
   */
  public boolean hold(Duration timeout) {
    return evictor.hold(timeout);
  }

  /** Ends {@link #hold}. */
  public void goOn() {
    evictor.goOn();
  }

  /**
   * Has the pages of a sub-host go elsewhere: the hottest to this host while the limit has room
   * beyond its headroom, the others to sub-hosts with room. It gets no new ones from now on, also
   * under the next agent. Pages go to other sub-hosts, and copies are dropped, only once {@link
   * #keepWithinLimit()} was called. May be repeated. Any thread.
   *
   * @throws IllegalArgumentException when there is no sub-host with that index
   * @throws IllegalStateException when it is just being kept after {@link #stopDraining}
   */
  public void drain(int host) {
    drains.begin(host);
  }

  /**
   * Has a sub-host keep what it still has; done when {@link SubHost#leaving()} is false. One that
   * is drained stays so. Any thread.
   */
  public void stopDraining(int host) {
    drains.stop(host);
  }

  /** True when a leaving sub-host has no page of the VM any more, and gets none. Any thread. */
  public boolean drained(int host) {
    return drains.drained(host);
  }

  /** Pages that a sub-host has, copies that are still to be dropped among them. Any thread. */
  public long remaining(int host) {
    SubHost held = subHosts.at(host);
    return held == null ? 0 : held.usedPages();
  }

  /** How far the draining of a sub-host is; null when it was not begun. Any thread. */
  public @Nullable DrainProgress draining(int host) {
    return drains.progress(host);
  }

  /**
   * A drained sub-host is no longer one of this VM's; its index may be given to another. Any
   * thread.
   *
   * @throws IllegalStateException when it is not drained
   */
  public void forget(int host) {
    if (!drained(host)) {
      throw new IllegalStateException("sub-host " + host + " is not drained");
    }
    drains.forget(host);
    SubHost gone = subHosts.forget(host);
    faultLoop.forget(host);
    if (gone != null) {
      evictor.errand(gone::close);
    }
  }

  /** The epoch that its pages are stored with at all sub-hosts. */
  public long epoch() {
    return subHosts.epoch();
  }

  private void roomNeeded() {
    evictor.roomNeeded();
  }

  /** Changes how many pages may be resident; the evictor makes a lower limit true. */
  public void limitPages(long pages) {
    attachment.table().limitPages(pages);
    budget.limit(pages);
    roomNeeded();
    faultLoop.lookAgain();
  }

  /** The VM's memory. */
  public GuestAttachment attachment() {
    return attachment;
  }

  /** What is resident, and how much may be. */
  public ResidentBudget budget() {
    return budget;
  }

  /** What was counted about faults. */
  public FaultCounters faults() {
    return faultCounters;
  }

  /** What was counted about evictions. */
  public EvictionCounters evictions() {
    return evictionCounters;
  }

  /** The sub-hosts. */
  public SubHosts subHosts() {
    return subHosts;
  }

  /** Faults that wait for room, for an eviction or for a sub-host that is away. */
  public int waitingFaults() {
    return faultLoop.waiting();
  }

  /** Why pages of a sub-host cannot be had now; null when they can. */
  public @Nullable String stall(int host) {
    return faultLoop.stall(host);
  }

  /** True while pages should leave but no sub-host has room for them. */
  public boolean lacksRoom() {
    return evictor.state() == PageEvictor.State.NO_ROOM;
  }

  @Override
  public void close() {
    drains.close();
    if (evicting.get()) {
      evictor.close();
    }
    subHosts.close();
    faultLoop.close();
    pipe.close();
  }
}
