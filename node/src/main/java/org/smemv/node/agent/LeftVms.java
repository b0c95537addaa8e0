package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.SystemCallException;
import org.smemv.migration.HostException;
import org.smemv.migration.ShareBook;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.HostReport;
import org.smemv.paging.LeftMemory;
import org.smemv.paging.PageBitmap;
import org.smemv.paging.PageServer;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;

/**
 * Memory that VMs left here when they moved on before their pages did (post-copy). It is offered
 * while the VM still runs here, holds what was left once it stands, and is freed when the new main
 * host says that it has all of it. Safe for use by many threads.
 */
final class LeftVms {
  private static final Logger log = LoggerFactory.getLogger(LeftVms.class);

  private static final class Left {
    final UUID vm;
    final String name;
    final String mainHost;
    final long epoch;
    final MemoryFile ram;
    final LeftMemory memory;

    /** The VM has gone for good. */
    boolean hasLeft;

    /** Nothing but what is left here uses memory any more. */
    boolean freedOthers;

    /** The new main host has all of it. */
    boolean released;

    long touchedNanos = System.nanoTime();

    Left(UUID vm, String name, String mainHost, long epoch, MemoryFile ram, LeftMemory memory) {
      this.vm = vm;
      this.name = name;
      this.mainHost = mainHost;
      this.epoch = epoch;
      this.ram = ram;
      this.memory = memory;
    }

    MemoryLedger.Key key() {
      return new MemoryLedger.Key(vm, MemoryLedger.Use.MAIN);
    }
  }

  private final HostPaths paths;
  private final MemoryLedger ledger;
  private final HostedVms vms;
  private final Map<UUID, Left> all = new HashMap<>();
  private final LettingGo lettingGo = new LettingGo();

  LeftVms(HostPaths paths, MemoryLedger ledger, HostedVms vms) {
    this.paths = paths;
    this.ledger = ledger;
    this.vms = vms;
  }

  /** Whose connections are ended when the memory of a VM is let go. */
  void servedBy(PageServer pageServer) {
    lettingGo.servedBy(pageServer);
  }

  /** Lets the new main host connect; there is nothing to be had before {@link #serve}. */
  void offer(HostedVm vm, String mainHost, long epoch) throws IOException {
    MemoryFile ram = open(vm.body().ramFile());
    add(
        new Left(
            vm.id(),
            vm.record().name(),
            mainHost,
            epoch,
            ram,
            new LeftMemory(vm.id(), ram, epoch)));
  }

  private static MemoryFile open(Path file) throws IOException {
    try {
      return MemoryFile.open(file);
    } catch (SystemCallException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private synchronized void add(Left left) {
    if (all.putIfAbsent(left.vm, left) != null) {
      left.memory.close();
      left.ram.close();
      throw new IllegalStateException("memory of VM " + left.name + " is offered already");
    }
  }

  private synchronized @Nullable Left get(UUID vm) {
    return all.get(vm);
  }

  /** The VM stands: these pages may be had from now on. */
  void serve(UUID vm, PageBitmap pages) {
    Left left = get(vm);
    if (left == null) {
      throw new IllegalStateException("memory of VM " + vm + " was not offered");
    }
    left.memory.serve(pages);
  }

  /**
   * The VM goes on here. When this returns nobody reads its memory through this any more: a page
   * that is read where its pager has punched a hole meanwhile would become zeros.
   */
  void withdraw(UUID vm) {
    Left left = take(vm);
    if (left != null) {
      left.memory.shut();
      lettingGo.fully(vm, left.name);
      close(left);
    }
  }

  private synchronized @Nullable Left take(UUID vm) {
    return all.remove(vm);
  }

  private static void close(Left left) {
    left.memory.close();
    left.ram.close();
  }

  /** The new main host has the VM: it ends here, and what it left stays. */
  void leave(HostedVm vm) throws IOException {
    Left left = get(vm.id());
    if (left == null) {
      throw new IllegalStateException("memory of VM " + vm.record().name() + " was not offered");
    }
    vm.leave();
    vms.left(vm.record());
    stay(left);
  }

  private void stay(Left left) {
    boolean over;
    synchronized (this) {
      left.hasLeft = true;
      over = left.released;
    }
    log.info(
        "VM {}: it has left {} MiB here for {}",
        left.name,
        left.memory.remaining() << PageSize.SHIFT >> 20,
        left.mainHost);
    if (over) {
      end(left);
    } else {
      EachSecond.fromNow("left-" + left.name, () -> freeOthers(left));
    }
  }

  private boolean freeOthers(Left left) {
    left.memory.freeOthers();
    synchronized (this) {
      left.freedOthers = true;
    }
    shrinkGrants();
    return true;
  }

  /** Gives back what has been taken from here since. */
  synchronized void shrinkGrants() {
    for (Left left : all.values()) {
      if (left.freedOthers) { // not before: the memory is in use until then
        long bytes = left.memory.remaining() << PageSize.SHIFT;
        ledger.reduce(left.key(), ledger.granted(left.key()), bytes);
      }
    }
  }

  /**
   * After a restart: all that is in the RAM file is offered again, before anybody can ask for it.
   *
   * @param record of a VM that has left, or may have
   */
  void reopen(VmRecord record, Path ramFile) throws IOException {
    MemoryFile ram = open(ramFile);
    String mainHost = java.util.Objects.requireNonNull(record.leavingTo());
    LeftMemory memory = LeftMemory.reopen(record.id(), ram, record.leavingEpoch());
    add(new Left(record.id(), record.name(), mainHost, record.leavingEpoch(), ram, memory));
  }

  /** After a restart: a VM that had left before. */
  void stays(VmRecord record) throws IOException {
    Path ram = paths.ram(record.name());
    if (!Files.exists(ram)) {
      log.error("VM {}: what it left here is lost: {} is gone", record.name(), ram);
      VmFiles.forget(paths, record.name(), true);
      ledger.release(new MemoryLedger.Key(record.id(), MemoryLedger.Use.MAIN));
      return;
    }
    if (get(record.id()) == null) { // else it was offered while its QEMU still lived
      reopen(record, ram);
    }
    vms.left(record);
    Left left = java.util.Objects.requireNonNull(get(record.id()));
    grantAgain(left);
    stay(left);
  }

  /** What has been taken from here may be granted to others by now, who need it again, too. */
  private void grantAgain(Left left) {
    try {
      if (ledger.granted(left.key()) == 0) {
        ledger.grant(left.key(), left.memory.remaining() << PageSize.SHIFT);
      }
    } catch (MemoryLedger.NotEnough e) {
      log.error("VM {}: what it left here was granted before: {}", left.name, e.getMessage());
    }
  }

  /** The pages that a VM left, or may leave; null when there are none. */
  @Nullable LeftMemory memory(UUID vm) {
    Left left = get(vm);
    return left == null ? null : left.memory;
  }

  /** The new main host has all of it. False when nothing of that VM and epoch is left here. */
  boolean release(UUID vm, long epoch) {
    Left left;
    synchronized (this) {
      left = all.get(vm);
      if (left == null || left.epoch > epoch) {
        return false;
      }
      left.released = true;
      if (!left.hasLeft) {
        return true; // it was faster than this host, which has yet to hear that the VM has gone
      }
      all.remove(vm);
    }
    end(left);
    return true;
  }

  private void end(Left left) {
    synchronized (this) {
      all.remove(left.vm, left);
    }
    left.memory.shut();
    lettingGo.of(left.vm, left.name, () -> free(left));
  }

  private void free(Left left) {
    close(left);
    try {
      VmFiles.forget(paths, left.name, true);
    } catch (IOException e) {
      log.error("VM {}: what it left here could not be removed", left.name, e);
    }
    ledger.release(left.key());
    vms.unclaim(left.name);
    log.info("VM {}: nothing of it is here any more", left.name);
  }

  /** Memory that nobody has been connected about for a while, and whom to ask about it. */
  synchronized List<ShareBook.Silent> silent(Predicate<UUID> connected, Duration unheard) {
    List<ShareBook.Silent> silent = new ArrayList<>();
    long now = System.nanoTime();
    for (Left left : all.values()) {
      if (connected.test(left.vm)) {
        left.touchedNanos = now;
      } else if (left.hasLeft && now - left.touchedNanos > unheard.toNanos()) {
        silent.add(new ShareBook.Silent(left.vm, left.epoch, List.of(left.mainHost)));
      }
    }
    return silent;
  }

  /** See {@link ShareBook#freeUnlessNeeded}. */
  boolean freeUnlessNeeded(ShareBook.Silent silent, ShareBook.MainHosts mainHosts)
      throws HostException {
    return !silent.isNeeded(mainHosts) && release(silent.vm(), silent.epoch());
  }

  /** What must go when this host is emptied: it goes by itself. */
  synchronized List<DrainThing> things() {
    List<DrainThing> things = new ArrayList<>();
    for (Left left : all.values()) {
      if (left.hasLeft) {
        things.add(
            new DrainThing(
                DrainReport.Kind.LEFT,
                left.vm.toString(),
                left.name,
                left.mainHost,
                left.memory.remaining() << PageSize.SHIFT,
                "host " + left.mainHost + " fetches it"));
      }
    }
    return things;
  }

  /** A row for each VM that has left. */
  synchronized List<HostReport.Share> report() {
    List<HostReport.Share> rows = new ArrayList<>();
    for (Left left : all.values()) {
      if (left.hasLeft) {
        long pages = left.memory.remaining();
        rows.add(
            new HostReport.Share(
                left.vm.toString(),
                left.mainHost,
                pages,
                pages << PageSize.SHIFT,
                ledger.granted(left.key())));
      }
    }
    return rows;
  }
}
