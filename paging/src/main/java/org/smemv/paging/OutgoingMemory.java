package org.smemv.paging;

import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.placement.HeatSplit;

/**
 * The memory of a running VM on its way to the targets of a migration. Every page is assigned to
 * one target the first time it is found to have contents, by how hot it is, and always goes there
 * again when it is rewritten. One thread calls; each target has a sender thread of its own.
 *
 * <p>Post-copy is the same copying, but for {@link #leaveRest}: from then on a page that is due is
 * not sent, nor even read. The new main host is told that it is at this host, which is one more of
 * its sub-hosts; what is written afterwards changes nothing about that.
 */
public final class OutgoingMemory implements AutoCloseable {
  /**
   * A target.
   *
   * @param host its name
   * @param address its data port
   * @param pages pages that may go there
   */
  public record Target(String host, InetSocketAddress address, long pages) {}

  /**
   * What a round did.
   *
   * @param pages pages with contents that were sent, and those that were left here and told
   * @param told those among them that were left here
   * @param nanos how long it took
   * @param dirtied pages written meanwhile, which are due again
   * @param lookNanos how long the last look at what was written took
   */
  public record Round(long pages, long told, long nanos, long dirtied, long lookNanos) {}

  /** How far a target is; see the accessors of {@link PageSender}. */
  public record TargetProgress(String host, long pages, long zeroPages, long sent, long bytes) {}

  private static final Logger log = LoggerFactory.getLogger(OutgoingMemory.class);

  /** Least time between two looks at what the VM writes while a round goes on. */
  private static final long LOOK_NANOS = 250_000_000;

  /** A look at a large VM takes long, and nothing is sent meanwhile: at most this part of all. */
  private static final int LOOK_SHARE = 10;

  private static final int LAST_ROUNDS_MAX = 5;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final GuestMemory memory;
  private final UUID vm;
  private final WriteWatch watch;
  private final Arena arena = Arena.ofShared();
  private final WriteHeat heat;
  private final PageAssignment assignment;
  private final List<Target> targets;
  private final List<PageSender> senders = new ArrayList<>();
  private final LeftPages left;
  private final SettledPages settled;
  private final PageDispatch dispatch;
  private final BitSet toldRemote = new BitSet();
  private BitSet unsent = new BitSet();
  private long lookDue;

  /**
   * Connects to the targets, and decides by what was watched until now which pages are hot.
   *
   * @param watch of the VM's writes; stays open
   * @param targets the main host, then the sub-hosts that get pages in the order of their indexes
   * @param staying the sub-hosts that have pages already, which stay there
   * @param bytesPerSecondMax for all targets together; 0 for no limit
   * @throws PageLinkException when a target cannot be reached or refuses
   */
  public OutgoingMemory(
      WriteWatch watch,
      UUID vm,
      long epoch,
      String caller,
      List<Target> targets,
      PlaceIndexes staying,
      long bytesPerSecondMax) {
    this.watch = watch;
    this.vm = vm;
    this.memory = watch.memory();
    this.targets = List.copyOf(targets);
    this.heat = watch.heat();
    this.left = new LeftPages(memory.pages());
    var limit = new BandwidthLimit(bytesPerSecondMax);
    var placed = new PageBitmap(memory.pages());
    var current = new PageBitmap(memory.pages());
    var shared =
        new PageSender.Shared(memory, heat, limit, watch.table(), staying, placed, left, current);
    this.settled =
        new SettledPages(
            watch,
            current,
            placed,
            targets.getFirst().pages(),
            targets.size() == 1,
            System::nanoTime);
    try {
      for (int i = 0; i < targets.size(); i++) {
        senders.add(connect(i, vm, epoch, caller, shared));
      }
      watch.awaitHeat();
      this.assignment = new PageAssignment(watch, arena, targets.getFirst().pages(), subPages());
      this.dispatch = new PageDispatch(senders, this::lookWhenDue);
      senders.forEach(PageSender::start);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private PageSender connect(
      int index, UUID vm, long epoch, String caller, PageSender.Shared shared) {
    PageLink link = open(targets.get(index), vm, epoch, 0, caller);
    if (index == 0) {
      return new PageSender(index, shared, link, null);
    }
    try {
      PageLink places = open(targets.getFirst(), vm, epoch, index, caller);
      return new PageSender(index, shared, link, places);
    } catch (RuntimeException e) {
      link.close();
      throw e;
    }
  }

  private static PageLink open(Target target, UUID vm, long epoch, int lane, String caller) {
    return PageLink.open(
        new LinkTarget(target.address(), vm, epoch, TrafficClass.BULK, lane, caller, TIMEOUT));
  }

  private long[] subPages() {
    return targets.stream().skip(1).mapToLong(Target::pages).toArray();
  }

  /**
   * Sends all pages that are due, those last that are hot or were just written, and finds out which
   * are due again. It looks several times at what is written meanwhile: a page that is written
   * before its turn has come need not be sent twice.
   *
   * @param enough is asked before each page that is sent; after a yes, those that were not sent
   *     stay due
   * @throws PageLinkException when a target was lost or refused pages
   * @throws FrameException CAPACITY when no target has room left for a page
   */
  public Round copy(BooleanSupplier enough) {
    return copy(enough, true);
  }

  private Round copy(BooleanSupplier enough, boolean learning) {
    long sentBefore = sum(PageSender::pagesSent);
    long toldBefore = sum(PageSender::pagesTold);
    long begin = System.nanoTime();
    PageLink main = senders.getFirst().link();
    // While the VM stands nobody is asked anything.
    long ignored = learning ? settled.leaveOutAskingAgain(main) : settled.leaveOut();
    unsent = watch.takeDue();
    lookDue = begin + LOOK_NANOS;
    senders.forEach(PageSender::beginRound);
    BooleanSupplier over = () -> enough.getAsBoolean() || oneHasFailed();
    try {
      tellPlaces(over);
      dispatch(false, over);
      dispatch(true, over);
      dispatch.finishRound(over, unsent);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while copying", e);
    }
    watch.dueAgain(unsent);
    unsent.clear();
    long told = sum(PageSender::pagesTold) - toldBefore;
    long pages = sum(PageSender::pagesSent) - sentBefore + told;
    long looking = System.nanoTime();
    long dirtied = learning ? watch.endRound() : watch.endLastRound();
    long swapped = learning ? settled.leaveOutAsking(main) : settled.leaveOut();
    dirtied = Math.max(0, dirtied - swapped);
    if (left.begun()) {
      watch.leaveOutAll(page -> left.contains(page) && !watch.isRemote(page));
      dirtied = Math.min(dirtied, watch.duePages());
    }
    long end = System.nanoTime();
    return new Round(pages, told, end - begin, dirtied, end - looking);
  }

  private long sum(ToLongFunction<PageSender> counted) {
    return senders.stream().mapToLong(counted).sum();
  }

  /**
   * From now on, also in the round that is under way, pages that are due stay here, and the new
   * main host is told so of each once, in runs and without checksums; of pages at the VM's
   * sub-hosts it is told as before. What a target got of such a page earlier it is told to drop.
   * There is no way back, but it may be called again. Any thread.
   *
   * <p>Afterwards the pages are served by a {@link LeftMemory}.
   *
   * @param indexThere the number that this host has, as a sub-host, in the page table of the new
   *     main host, which must know it by now; 0..63
   * @throws IllegalArgumentException when the index is out of range
   * @throws IllegalStateException when another index was given before
   */
  public void leaveRest(int indexThere) {
    left.begin(indexThere);
  }

  /**
   * The pages that are left here; they change until {@link #copyLast} returned true. The set may be
   * used after this was closed. Any thread.
   */
  public PageBitmap left() {
    return left.pages();
  }

  /** How many pages are left here so far. Any thread. */
  public long leftPages() {
    return left.count();
  }

  /**
   * With the VM stopped: sends what was written last. Afterwards nothing is due.
   *
   * @param enough as in {@link #copy}
   * @return false when it was enough before all was sent
   * @throws IllegalStateException when something goes on writing to the memory of the stopped VM
   */
  public boolean copyLast(BooleanSupplier enough) {
    long ignored = watch.endLastRound();
    for (int i = 0; i < LAST_ROUNDS_MAX; i++) {
      boolean settled = copy(enough, false).dirtied() == 0;
      if (enough.getAsBoolean()) {
        return false;
      }
      if (settled) {
        return true;
      }
    }
    throw new IllegalStateException(
        duePages() + " pages of the stopped VM are still being written");
  }

  /** Of pages that are at a sub-host only that is told; all at once, as they are many at first. */
  private void tellPlaces(BooleanSupplier enough) throws InterruptedException {
    for (int p = unsent.nextSetBit(0); p >= 0; p = unsent.nextSetBit(p + 1)) {
      if (watch.isRemote(p)) {
        if (enough.getAsBoolean()) {
          return;
        }
        unsent.clear(p);
        tell(p);
      }
    }
  }

  /**
   * By the target that got the page before, which forgets it first. When it comes back it is placed
   * anew, unless it is to be left here then.
   */
  private void tell(int number) throws InterruptedException {
    int target = assignment.of(number);
    toldRemote.set(number);
    if (target >= 0 && !left.begun()) {
      assignment.giveBack(number);
    }
    settled.handOver(number);
    dispatch.add(Math.max(HeatSplit.MAIN, target), ~(long) number);
  }

  private void dispatch(boolean all, BooleanSupplier enough) throws InterruptedException {
    for (int p = unsent.nextSetBit(0); p >= 0; p = unsent.nextSetBit(p + 1)) {
      if (all || (heat.of(p) == 0 && !watch.wasWrittenInRound(p))) {
        if (enough.getAsBoolean()) {
          return;
        }
        unsent.clear(p); // first: whatever is written from now on may be missed by its sender
        dispatch(p);
      }
    }
  }

  private void dispatch(int number) throws InterruptedException {
    int target = assignment.of(number);
    if (left.begun() || watch.isRemote(number)) {
      tell(number);
      return;
    }
    if (target == PageAssignment.NONE) {
      target = assignment.assign(number);
    }
    if (target >= 0) {
      settled.handOver(number);
      dispatch.add(target, number);
    } else if (toldRemote.get(number)) {
      tell(number);
    }
  }

  private void lookWhenDue() {
    long begin = System.nanoTime();
    if (begin - lookDue >= 0) {
      watch.look(unsent);
      long end = System.nanoTime();
      lookDue = end + Math.max(LOOK_NANOS, LOOK_SHARE * (end - begin));
    }
  }

  private boolean oneHasFailed() {
    return senders.stream().anyMatch(PageSender::hasFailed);
  }

  /** Pages that are due. Any thread. */
  public long duePages() {
    return watch.duePages();
  }

  /** Pages that were found to be zeros, and so were not sent. Any thread. */
  public long zeroPages() {
    return assignment.zeroPages() + sum(PageSender::zeroPages);
  }

  /**
   * How often a page was swapped and not sent or told again, as its contents were where they are to
   * be. Any thread.
   */
  public long notSentAgain() {
    return settled.total();
  }

  /** How far each target is, the main host first. Any thread. */
  public List<TargetProgress> progress() {
    List<TargetProgress> all = new ArrayList<>();
    for (int i = 0; i < senders.size(); i++) {
      PageSender sender = senders.get(i);
      all.add(
          new TargetProgress(
              targets.get(i).host(),
              sender.pagesHeld(),
              sender.zeroPages(),
              sender.pagesSent(),
              sender.bytes()));
    }
    return all;
  }

  @Override
  public void close() {
    if (notSentAgain() > 0) {
      log.info("VM {}: {} times a page was only swapped, and not sent again", vm, notSentAgain());
    }
    senders.forEach(PageSender::close);
    senders.clear();
    arena.close();
  }
}
