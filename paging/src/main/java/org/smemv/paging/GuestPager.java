package org.smemv.paging;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
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
    PageTable table = attachment.table();
    GuestMemory memory = attachment.memory();
    this.attachment = attachment;
    this.subHosts = subHosts;
    this.budget = new ResidentBudget(table.limitPages());
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
    this.evictor =
        new PageEvictor(table, budget, cold, eviction, subHosts, copies, evictionCounters, broken);
  }

  /** Makes the page table that a dead agent left agree with the memory again. */
  public void recover() {
    Recovery recovery =
        new Recovery(attachment.table(), attachment.memory(), attachment.faults(), pipe);
    budget.takeAll(recovery.run());
    for (int host = 0; host < subHosts.count(); host++) {
      subHosts.countUsed(host, recovery.held(host));
    }
    copies.lookEverywhere();
  }

  /** Takes the guest's missing pages over and serves them from now on. */
  public void serveFaults() {
    subHosts.start(
        faultLoop::adopt,
        () -> {
          copies.lookEverywhere();
          roomNeeded();
        });
    faultLoop.start();
    attachment.takeMissingFaults();
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
   */
  public void hold() {
    evictor.hold();
  }

  /** Ends {@link #hold()}. */
  public void goOn() {
    evictor.goOn();
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
    if (evicting.get()) {
      evictor.close();
    }
    subHosts.close();
    faultLoop.close();
    pipe.close();
  }
}
