package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.BodySource.Progress;
import org.smemv.migration.BodySource.TargetProgress;
import org.smemv.migration.BodySource.Unmoved;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.migration.MigrationPlan;
import org.smemv.paging.DrainProgress;
import org.smemv.paging.GuestPager;
import org.smemv.paging.SubHost;
import org.smemv.paging.WriteWatch;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;

/**
 * A placement change of one VM that stays on this host: what its record, its pager and this host's
 * ledger have to do with it. One thread changes; any may ask how far it is.
 */
final class Rearrangement {
  private static final Logger log = LoggerFactory.getLogger(Rearrangement.class);

  private final HostedVm vm;
  private final String host;
  private final MemoryLedger ledger;
  private final Function<String, InetSocketAddress> addressOf;
  private final Runnable committed;
  private volatile boolean lacksRoom;
  private volatile long mostLeft;

  /**
   * @param committed is called when nothing but waiting is left, so that the VM is free for others
   */
  Rearrangement(
      HostedVm vm,
      String host,
      MemoryLedger ledger,
      Function<String, InetSocketAddress> addressOf,
      Runnable committed) {
    this.vm = vm;
    this.host = host;
    this.ledger = ledger;
    this.addressOf = addressOf;
    this.committed = committed;
  }

  /** Whether this host had not the memory that the plan asks of it. */
  boolean lacksRoom() {
    return lacksRoom;
  }

  /** See {@link org.smemv.migration.BodySource#pagesEpoch}. */
  long pagesEpoch() {
    GuestPager pager = vm.pager();
    return pager == null ? vm.record().epoch() : pager.epoch();
  }

  /** See {@link org.smemv.migration.BodySource#rearrange}. */
  void commit(MigrationPlan plan) throws HostException {
    long granted;
    try {
      learnHeat(plan);
      granted = change(plan);
    } catch (IOException | RuntimeException e) {
      throw new HostException(
          HostException.Kind.REFUSED, "VM " + plan.name() + ": " + e.getMessage(), e);
    }
    try {
      begin(granted, plan.mainBytes());
    } catch (RuntimeException | Error e) {
      // The placement is changed: nothing may be given back now.
      log.error("VM {}: what follows its change of placement broke", plan.name(), e);
    }
  }

  /**
   * Grants what is missing and changes the record; a grant that is about to shrink must not do so
   * in between.
   *
   * @return what was granted before
   */
  private long change(MigrationPlan plan) throws HostException, IOException {
    synchronized (vm) {
      MemoryLedger.Key key = LocalVms.key(vm.record());
      long granted = ledger.granted(key);
      grow(key, granted, plan.mainBytes());
      try {
        vm.rearrange(plan.mainBytes(), plan.parts(), host, addressOf);
      } catch (IOException | RuntimeException e) {
        ledger.reduce(key, plan.mainBytes(), granted);
        throw e;
      }
      return granted;
    }
  }

  private void begin(long granted, long bytes) {
    LeavingShares.begin(vm, host, addressOf);
    if (bytes < granted) {
      GrantShrinking.begin(ledger, vm, granted, bytes);
    }
    mostLeft = unmoved().pages();
    committed.run();
  }

  /** A pager that is to begin now would evict blindly. */
  private void learnHeat(MigrationPlan plan) {
    if (vm.pager() == null && plan.mainBytes() < plan.vmBytes()) {
      try (WriteWatch watch = WriteWatch.begin(vm.attachment())) {
        watch.noteHeat();
      }
    }
  }

  private void grow(MemoryLedger.Key key, long granted, long bytes) throws HostException {
    try {
      if (bytes > granted) {
        ledger.grant(key, bytes);
      }
    } catch (MemoryLedger.NotEnough e) {
      lacksRoom = true;
      throw new HostException(
          HostException.Kind.CAPACITY, "host " + host + ": " + e.getMessage(), e);
    }
  }

  /** See {@link org.smemv.migration.BodySource#unmoved}. */
  Unmoved unmoved() {
    if (vm.isClosed() || !vm.body().process().isAlive() || !vm.record().isHere()) {
      return new Unmoved(0, null); // it has ended here, or goes on elsewhere
    }
    VmRecord record = vm.record();
    GuestPager pager = vm.pager();
    if (pager == null) {
      boolean whole = record.shares().isEmpty() && record.isWhole();
      return new Unmoved(whole ? 0 : Math.max(1, vm.toGather()), vm.broken());
    }
    long limit = record.mainMemoryBytes() >>> PageSize.SHIFT;
    long above = Math.max(0, pager.budget().resident() - limit);
    long pages = above + vm.toGather();
    mostLeft = Math.max(mostLeft, pages);
    return new Unmoved(pages, pages == 0 ? null : why(record, pager, above > 0));
  }

  private @Nullable String why(VmRecord record, GuestPager pager, boolean above) {
    String broken = vm.broken();
    if (broken != null) {
      return broken;
    }
    for (Share share : record.shares()) {
      SubHost sub = pager.subHosts().at(share.index());
      if (sub != null && sub.state() == SubHost.State.FORGOTTEN) {
        return "sub-host " + share.host() + " was restarted and has lost what it held";
      }
      if (sub != null && sub.state() != SubHost.State.CONNECTED) {
        return "sub-host " + share.host() + " cannot be reached: " + sub.reason();
      }
      DrainProgress progress = share.leaving() ? pager.draining(share.index()) : null;
      if (progress != null && progress.stalled() != null) {
        return "pages on sub-host " + share.host() + " wait: " + progress.stalled();
      }
    }
    return above && pager.lacksRoom() ? "no sub-host has room for what must leave this host" : null;
  }

  /** How far it is: what has moved of what had to at first. */
  Progress progress() {
    Unmoved left = unmoved();
    long moved = Math.max(0, mostLeft - left.pages());
    List<TargetProgress> targets = new ArrayList<>();
    GuestPager pager = vm.isClosed() ? null : vm.pager();
    long resident = pager == null ? 0 : pager.budget().resident();
    targets.add(new TargetProgress(host, resident, 0, 0));
    if (pager != null) {
      for (SubHost sub : pager.subHosts().all()) {
        if (!sub.leaving()) {
          targets.add(new TargetProgress(sub.identity().name(), sub.usedPages(), 0, 0));
        }
      }
    }
    return new Progress(
        vm.record().memoryBytes() >>> PageSize.SHIFT,
        moved,
        0,
        moved << PageSize.SHIFT,
        left.pages(),
        targets);
  }
}
