package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.SystemCallException;
import org.smemv.migration.BodySource;
import org.smemv.migration.HostException;
import org.smemv.migration.MigrationPlan;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.migration.MigrationPlan.Staying;
import org.smemv.node.qemu.Qmp;
import org.smemv.node.qemu.QmpException;
import org.smemv.paging.FrameException;
import org.smemv.paging.GuestPager;
import org.smemv.paging.OutgoingMemory;
import org.smemv.paging.PageLinkException;
import org.smemv.paging.PlaceIndexes;
import org.smemv.paging.SubHosts;
import org.smemv.paging.WriteWatch;
import org.smemv.placement.PageSize;

/**
 * A VM of this host on its way to others: its memory by {@link OutgoingMemory}, its body by QEMU.
 */
final class LocalBody implements BodySource {
  private static final Duration COMES_TO_REST = Duration.ofSeconds(2);

  private final HostedVm vm;
  private final MigrationPlan plan;
  private final Function<String, InetSocketAddress> addressOf;
  private final LeftVms left;
  private final Runnable retired;
  private final Rearrangement rearrangement;
  private final OutgoingBody body;
  private final Map<InetSocketAddress, String> targetNames = new ConcurrentHashMap<>();
  private @Nullable InetSocketAddress main;
  private @Nullable WriteWatch watch;
  private volatile @Nullable OutgoingMemory memory;
  private volatile List<OutgoingMemory.TargetProgress> lastProgress = List.of();
  private volatile long lastZero;
  private volatile boolean rearranged;
  private @Nullable GuestPager pager;
  private @Nullable GuestPager held;
  private @Nullable Squeeze squeeze;
  private boolean offered;

  /**
   * @param addressOf finds the data port of a host
   * @param left keeps what the VM leaves here
   * @param retired is called when the VM has left for good
   * @param rearrangement what is done if the body stays
   */
  LocalBody(
      HostedVm vm,
      MigrationPlan plan,
      Function<String, InetSocketAddress> addressOf,
      LeftVms left,
      Runnable retired,
      Rearrangement rearrangement) {
    this.vm = vm;
    this.plan = plan;
    this.addressOf = addressOf;
    this.left = left;
    this.retired = retired;
    this.rearrangement = rearrangement;
    this.body = new OutgoingBody(vm);
  }

  @Override
  public void watch() throws HostException {
    pager = vm.pager();
    if (pager != null && pager.epoch() >= plan.epoch()) {
      throw begunAnew();
    }
    run(() -> watch = WriteWatch.begin(vm.attachment()));
  }

  @Override
  public void begin(BooleanSupplier enough) throws HostException {
    if (plan.limits().mode() != Mode.POSTCOPY) { // which leaves all of it here
      squeeze(enough);
    }
    if (enough.getAsBoolean()) {
      return;
    }
    List<OutgoingMemory.Target> outgoing = new ArrayList<>();
    for (Target target : plan.targets()) {
      outgoing.add(
          new OutgoingMemory.Target(target.host(), addressOf.apply(target.host()), target.pages()));
    }
    outgoing.forEach(target -> targetNames.put(target.address(), target.host()));
    main = outgoing.getFirst().address();
    run(
        () ->
            memory =
                new OutgoingMemory(
                    java.util.Objects.requireNonNull(watch),
                    vm.id(),
                    plan.epoch(),
                    plan.source(),
                    outgoing,
                    indexes(plan.present()),
                    plan.limits().bytesPerSecondMax()));
  }

  private PlaceIndexes indexes(List<Staying> staying) {
    int[] there = new int[SubHosts.HOSTS_MAX];
    Arrays.fill(there, -1);
    staying.forEach(s -> there[s.formerIndex()] = s.share().index());
    return new PlaceIndexes(there);
  }

  private void squeeze(BooleanSupplier enough) throws HostException {
    long room = plan.targets().stream().mapToLong(Target::pages).sum();
    if (pager != null && pager.budget().limit() > room) {
      squeeze = new Squeeze(pager, room);
      squeeze.await(enough);
    }
  }

  private OutgoingMemory memory() {
    OutgoingMemory out = memory;
    if (out == null) {
      throw new IllegalStateException("the migration has not begun");
    }
    return out;
  }

  @Override
  public Round copy(BooleanSupplier enough) throws HostException {
    requireSamePager();
    OutgoingMemory.Round[] round = new OutgoingMemory.Round[1];
    CompletableFuture<QmpException> ended = monitor().ended();
    try {
      run(() -> round[0] = memory().copy(() -> ended.isDone() || enough.getAsBoolean()));
    } catch (SystemCallException e) {
      // Its memory went with QEMU; that it has ended says more.
      if (!ended.isDone()) {
        throw e;
      }
    }
    if (ended.isDone()) {
      throw refused(ended.join());
    }
    OutgoingMemory.Round done = round[0];
    return new Round(
        done.pages() << PageSize.SHIFT,
        done.nanos(),
        memory().duePages(),
        done.dirtied(),
        done.lookNanos());
  }

  /** What can go wrong while copying becomes an answer to the migration. */
  private void run(Runnable copying) throws HostException {
    try {
      copying.run();
    } catch (PageLinkException e) {
      boolean full = e.code() == org.smemv.paging.ErrorCode.CAPACITY;
      throw new HostException(
          full ? HostException.Kind.CAPACITY : HostException.Kind.UNREACHABLE,
          "host " + targetNames.get(e.peer()) + ": " + e.getMessage(),
          e);
    } catch (FrameException e) {
      throw new HostException(HostException.Kind.CAPACITY, String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void offerRest() throws HostException {
    try {
      left.offer(vm, plan.main(), plan.epoch());
      offered = true;
    } catch (IOException e) {
      throw refused(e);
    }
  }

  @Override
  public void leaveRest(int indexThere) {
    memory().leaveRest(indexThere);
  }

  @Override
  public long pause() throws HostException {
    try {
      long at = body.stop(java.util.Objects.requireNonNull(main), plan);
      holdPaging();
      return at;
    } catch (IOException | PageLinkException e) {
      throw refused(e);
    }
  }

  /** From now on every page that is elsewhere stays where it is: the targets are told where. */
  private void holdPaging() throws HostException {
    requireSamePager();
    if (pager != null) {
      if (!pager.hold(COMES_TO_REST)) {
        throw new HostException(
            HostException.Kind.REFUSED,
            "its paging does not come to rest: a sub-host does not take pages");
      }
      held = pager;
    }
  }

  /** A new pager has a newer epoch, and began with marks that nobody else has seen. */
  private void requireSamePager() throws HostException {
    if (vm.pager() != pager) {
      throw begunAnew();
    }
  }

  private static HostException begunAnew() {
    return new HostException(
        HostException.Kind.REFUSED, "the VM's paging broke meanwhile, and was begun anew");
  }

  private void letPagingGoOn() {
    if (squeeze != null) {
      squeeze.undo(vm.record().mainMemoryBytes() >>> PageSize.SHIFT);
      squeeze = null;
    }
    if (held != null) {
      held.goOn();
      held = null;
    }
  }

  @Override
  public boolean copyLast(BooleanSupplier enough) throws HostException {
    boolean[] all = new boolean[1];
    run(() -> all[0] = memory().copyLast(enough));
    if (all[0] && offered) {
      left.serve(vm.id(), memory().left());
    }
    return all[0];
  }

  @Override
  public boolean sendBody(BooleanSupplier enough) throws HostException {
    try {
      boolean all = body.send(enough);
      requireSamePager();
      return all;
    } catch (IOException e) {
      throw refused(e);
    }
  }

  private Qmp monitor() throws HostException {
    try {
      return vm.body().qmp();
    } catch (IOException e) {
      throw refused(e);
    }
  }

  private static HostException refused(Exception e) {
    return new HostException(HostException.Kind.REFUSED, String.valueOf(e.getMessage()), e);
  }

  @Override
  public void giveUp() {
    try {
      closeCopying();
      if (offered) {
        left.withdraw(vm.id());
        offered = false;
      }
    } finally { // whatever broke: nobody else would ever let it run
      try {
        letPagingGoOn();
      } finally {
        vm.comeBackSurely();
      }
    }
  }

  @Override
  public void aboutToCommit(String mainHost, long newEpoch) throws HostException {
    try {
      vm.change(record -> record.leaving(mainHost, newEpoch, offered));
    } catch (IOException e) {
      throw refused(e);
    }
  }

  @Override
  public void retire() {
    closeCopying();
    retired.run();
  }

  private void closeCopying() {
    body.close();
    OutgoingMemory out = memory;
    if (out != null) {
      lastProgress = out.progress();
      lastZero = out.zeroPages();
      memory = null;
      out.close();
    }
    if (watch != null) {
      watch.close();
      watch = null;
    }
  }

  @Override
  public long pagesEpoch() {
    return rearrangement.pagesEpoch();
  }

  @Override
  public void rearrange(MigrationPlan plan) throws HostException {
    rearrangement.commit(plan);
    rearranged = true;
  }

  @Override
  public Unmoved unmoved() {
    return rearrangement.unmoved();
  }

  @Override
  public Progress progress() {
    if (rearranged) {
      return rearrangement.progress();
    }
    OutgoingMemory out = memory;
    List<OutgoingMemory.TargetProgress> rows = out == null ? lastProgress : out.progress();
    List<TargetProgress> targets = new ArrayList<>();
    long sentPages = 0;
    long bytes = 0;
    for (OutgoingMemory.TargetProgress row : rows) {
      targets.add(new TargetProgress(row.host(), row.pages(), row.zeroPages(), row.bytes()));
      sentPages += row.sent();
      bytes += row.bytes();
    }
    long zero = out == null ? lastZero : out.zeroPages();
    long due = out == null ? 0 : out.duePages();
    return new Progress(vm.attachment().memory().pages(), sentPages, zero, bytes, due, targets);
  }
}
