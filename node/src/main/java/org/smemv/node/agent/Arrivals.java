package org.smemv.node.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.BodySource;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.Json;
import org.smemv.node.qemu.QemuSpec;
import org.smemv.paging.AttachException;
import org.smemv.paging.BodySink;
import org.smemv.paging.ErrorCode;
import org.smemv.paging.FrameException;
import org.smemv.paging.GuestPager;
import org.smemv.paging.PageServer;
import org.smemv.placement.MemoryLedger;

/**
 * VMs that move here: memory reserved, a QEMU that waits, pages that arrive, the device state, and
 * the decision. One step of one VM at a time.
 */
final class Arrivals {
  private static final Logger log = LoggerFactory.getLogger(Arrivals.class);
  private static final Duration CONNECTS = Duration.ofSeconds(10);
  private static final long LOOK_NANOS = 2_000_000;

  private final HostPaths paths;
  private final MemoryLedger ledger;
  private final HostedVms vms;
  private final TakenVms taken;
  private final Function<String, InetSocketAddress> addressOf;
  private final Map<UUID, Arrival> arrivals = new ConcurrentHashMap<>();
  private final IncomingStart starts;
  private final FirstRun firstRun;
  private final LettingGo lettingGo = new LettingGo();

  /** A VM on its way; also the lock of its steps. */
  private static final class Arrival {
    final Reservation reservation;
    long heardNanos = System.nanoTime();

    Arrival(Reservation reservation) {
      this.reservation = reservation;
    }
  }

  Arrivals(
      String host,
      HostPaths paths,
      MemoryLedger ledger,
      HostedVms vms,
      TakenVms taken,
      Function<String, InetSocketAddress> addressOf) {
    this.paths = paths;
    this.ledger = ledger;
    this.vms = vms;
    this.taken = taken;
    this.addressOf = addressOf;
    this.starts = new IncomingStart(host, paths, addressOf);
    this.firstRun = new FirstRun(host, addressOf);
  }

  /** Whose connections are ended when an arrival is. */
  void servedBy(PageServer pageServer) {
    lettingGo.servedBy(pageServer);
  }

  void reserve(Reservation wanted) throws HostException {
    Arrival before = arrivals.get(wanted.vm());
    if (before != null && before.reservation.equals(wanted)) {
      return;
    }
    if (before != null && before.reservation.epoch() < wanted.epoch()) {
      // The migration before came to nothing, and could not say so.
      release(wanted.vm(), before.reservation.epoch());
    }
    Arrival arrival = new Arrival(wanted);
    synchronized (arrival) {
      if (arrivals.putIfAbsent(wanted.vm(), arrival) != null) {
        throw refused("VM " + wanted.name() + " is arriving there already");
      }
      try {
        grant(wanted);
      } catch (HostException | RuntimeException e) {
        arrivals.remove(wanted.vm());
        throw e;
      }
    }
  }

  private void grant(Reservation wanted) throws HostException {
    String taken = vms.claim(wanted.name());
    if (taken != null) {
      throw refused("it " + taken);
    }
    try {
      ledger.grant(key(wanted), wanted.bytes());
    } catch (MemoryLedger.NotEnough e) {
      vms.unclaim(wanted.name());
      throw new HostException(HostException.Kind.CAPACITY, String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      vms.unclaim(wanted.name());
      throw e;
    }
  }

  private Arrival arrival(UUID id, long epoch) throws HostException {
    Arrival arrival = arrivals.get(id);
    if (arrival == null || arrival.reservation.epoch() != epoch) {
      throw refused("VM " + id + " is not arriving there with epoch " + epoch);
    }
    return arrival;
  }

  private static MemoryLedger.Key key(Reservation reservation) {
    return new MemoryLedger.Key(reservation.vm(), MemoryLedger.Use.MAIN);
  }

  private static HostException refused(String why) {
    return new HostException(HostException.Kind.REFUSED, why);
  }

  void prepare(UUID id, long epoch, String body, List<Share> shares) throws HostException {
    Arrival arrival = arrival(id, epoch);
    synchronized (arrival) {
      if (arrivals.get(id) != arrival) {
        throw refused("the migration of VM " + id + " to there was given up");
      }
      if (vms.get(id) != null) {
        return;
      }
      String name = arrival.reservation.name();
      try {
        vms.add(starts.start(arrival.reservation, Json.read(body, QemuSpec.class), shares));
      } catch (IOException | AttachException | IllegalArgumentException e) {
        throw new HostException(
            HostException.Kind.REFUSED, "it cannot take VM " + name + ": " + e.getMessage(), e);
      }
    }
  }

  /** See {@link org.smemv.migration.HostControl#expectRest}. */
  void expectRest(UUID id, long epoch, Share rest) throws HostException {
    Arrival arrival = arrival(id, epoch);
    HostedVm vm;
    synchronized (arrival) {
      vm = vms.get(id);
      if (vm == null || arrivals.get(id) != arrival) {
        throw refused("the migration of VM " + id + " to there was given up");
      }
      if (!rest.leaving() || !rest.host().equals(arrival.reservation.source())) {
        throw refused("only its source can keep a part of an arriving VM, not " + rest.host());
      }
      try {
        vm.expectRest(rest, addressOf.apply(rest.host()));
      } catch (IOException | RuntimeException e) {
        throw new HostException(HostException.Kind.REFUSED, String.valueOf(e.getMessage()), e);
      }
    }
    awaitSubHosts(vm);
  }

  private static void awaitSubHosts(HostedVm vm) throws HostException {
    long deadline = System.nanoTime() + CONNECTS.toNanos();
    String missing = vm.missingSubHost();
    while (missing != null) {
      if (vm.isClosed() || System.nanoTime() > deadline) {
        throw refused("sub-host " + missing);
      }
      LockSupport.parkNanos(LOOK_NANOS);
      missing = vm.missingSubHost();
    }
  }

  /** Where the device state of an arriving VM goes; null when it is not arriving here. */
  @Nullable BodySink bodySink(UUID id, long epoch) {
    HostedVm vm = vms.get(id);
    if (vm == null || vm.record().phase() != Phase.INCOMING) {
      return null;
    }
    if (vm.record().epoch() != epoch) {
      throw new FrameException(
          ErrorCode.STALE_EPOCH,
          "VM " + id + " arrives with epoch " + vm.record().epoch() + ", not " + epoch);
    }
    return new IncomingBody(vm);
  }

  void commit(UUID id, long epoch) throws HostException {
    HostedVm vm = vms.get(id);
    if (vm != null && vm.record().isHere() && vm.record().epoch() >= epoch) {
      return;
    }
    Arrival arrival = arrival(id, epoch);
    synchronized (arrival) {
      vm = vms.get(id);
      if (vm == null || arrivals.get(id) != arrival) {
        throw refused("the migration of VM " + id + " to there was given up");
      }
      checkComplete(vm);
      String name = vm.record().name();
      log.info("VM {}: all of it has arrived from {}", name, arrival.reservation.source());
      try {
        vm.change(VmRecord::taken);
      } catch (IOException e) {
        // The record may be in place all the same: the source must ask, not take it for a no.
        throw new UncheckedIOException(e);
      }
      log.info("VM {}: taken from {}", name, arrival.reservation.source());
      arrivals.remove(id);
      noteTaken(vm.record());
    }
    firstRun.begin(vm, epoch);
  }

  /** After this the source ends what it has: nothing may be missing here. */
  private static void checkComplete(HostedVm vm) throws HostException {
    try {
      if (!vm.hasBody() && !vm.migrationStatus().equals("completed")) {
        throw refused("its device state has not arrived");
      }
    } catch (IOException e) {
      throw new HostException(HostException.Kind.REFUSED, String.valueOf(e.getMessage()), e);
    }
    if (!vm.body().process().isAlive()) {
      throw refused("its QEMU there has ended");
    }
    String missing = vm.missingSubHost();
    if (missing != null) {
      throw refused("a part of it may be lost with sub-host " + missing);
    }
  }

  /**
   * The record has decided already: a note that cannot be written now is written at the next start.
   */
  private void noteTaken(VmRecord record) {
    try {
      taken.note(record);
    } catch (IOException e) {
      log.error("VM {}: the note that it was taken could not be written", record.name(), e);
    }
  }

  /** Whether the VM was taken; when it was not, it never will be any more. */
  boolean decided(UUID id, long epoch) {
    if (isTaken(id, epoch)) {
      return true;
    }
    // Waits for a commit that is under way, and keeps a later one from happening.
    release(id, epoch);
    return isTaken(id, epoch);
  }

  private boolean isTaken(UUID id, long epoch) {
    HostedVm vm = vms.get(id);
    boolean here =
        vm != null
            ? vm.record().isTakenIn(epoch)
            : VmRecord.anyOf(paths.vms(), id, record -> record.isTakenIn(epoch));
    return here || taken.has(id, epoch);
  }

  /** Whether the VM is here or arriving, also one that this agent could not take hold of again. */
  boolean holds(UUID id) {
    return vms.get(id) != null
        || arrivals.containsKey(id)
        || VmRecord.anyOf(paths.vms(), id, any -> true);
  }

  /**
   * Whether the share of a sub-host is part of the VM here, or may become so. An arrival counts
   * whatever it is split with: it ends by itself, and while it is prepared nobody knows.
   */
  boolean needs(UUID id, String sub) {
    if (arrivals.containsKey(id)) {
      return true;
    }
    HostedVm vm = vms.get(id);
    return vm != null
        ? vm.needs(sub)
        : VmRecord.anyOf(paths.vms(), id, record -> record.isSplitWith(sub));
  }

  /** Pages at sub-hosts that are leaving; those of an ended move are nobody's business any more. */
  BodySource.Unmoved toGather(UUID id, long epoch) throws HostException {
    HostedVm vm = vms.get(id);
    if (vm == null || vm.record().epoch() < epoch || vm.record().phase() == Phase.LEAVING) {
      throw refused("VM " + id + " is not there with epoch " + epoch);
    }
    GuestPager pager = vm.pager();
    return new BodySource.Unmoved(
        vm.toGather(), pager == null ? vm.broken() : PagingStall.of(pager));
  }

  void resume(UUID id, long epoch) throws HostException {
    HostedVm vm = vms.get(id);
    if (vm == null || vm.record().epoch() < epoch || !vm.record().isHere()) {
      throw refused("VM " + id + " was not taken there with epoch " + epoch);
    }
    try {
      vm.runFirst();
    } catch (IOException e) {
      throw new HostException(HostException.Kind.REFUSED, String.valueOf(e.getMessage()), e);
    }
    Thread.ofVirtual().start(() -> firstRun.followed(vm, epoch));
  }

  /** Ends an arrival that did not commit. Unknown ones are fine. */
  void release(UUID id, long epoch) {
    Arrival arrival = arrivals.get(id);
    if (arrival == null || arrival.reservation.epoch() > epoch) {
      return;
    }
    synchronized (arrival) {
      if (!arrivals.remove(id, arrival)) {
        return;
      }
      HostedVm vm = vms.get(id);
      if (vm == null || vm.record().phase() != Phase.INCOMING) {
        forget(arrival.reservation);
        return;
      }
      vms.remove(vm);
      vm.endArrival();
      endQemu(vm); // a connection may be waiting for it to take the device state
      lettingGo.of(
          id,
          arrival.reservation.name(),
          () -> {
            destroy(vm);
            forget(arrival.reservation);
          });
    }
  }

  private void forget(Reservation reservation) {
    vms.unclaim(reservation.name());
    ledger.release(key(reservation));
  }

  private static void endQemu(HostedVm vm) {
    try {
      vm.body().stop();
    } catch (IOException e) {
      log.warn("VM {}: {}", vm.record().name(), e.getMessage()); // destroying it tries again
    }
  }

  private static void destroy(HostedVm vm) {
    try {
      vm.destroy();
    } catch (IOException e) {
      log.error("VM {}: what arrived here could not be removed", vm.record().name(), e);
    }
  }

  /** Ends arrivals that are not heard of any more. */
  void lapse(Predicate<UUID> connected) {
    lapse(connected, HeldShares.LAPSE);
  }

  /** As the other, with another while. */
  void lapse(Predicate<UUID> connected, Duration unheard) {
    for (Arrival arrival : arrivals.values()) {
      boolean silent;
      synchronized (arrival) {
        if (connected.test(arrival.reservation.vm())) {
          arrival.heardNanos = System.nanoTime();
        }
        silent = System.nanoTime() - arrival.heardNanos > unheard.toNanos();
      }
      if (silent) {
        String name = arrival.reservation.name();
        log.warn("VM {}: its migration to here is not heard of and lapses", name);
        release(arrival.reservation.vm(), arrival.reservation.epoch());
      }
    }
  }
}
