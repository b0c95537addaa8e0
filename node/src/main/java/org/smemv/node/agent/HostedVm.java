package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.qemu.QemuBody;
import org.smemv.paging.AttachException;
import org.smemv.paging.GuestAttachment;
import org.smemv.paging.GuestPager;
import org.smemv.paging.IncomingMemory;

/**
 * One VM whose body is on this host: its record, its QEMU, hold of its memory, and, when a part of
 * the memory is elsewhere, its pager. Methods are called under the VM's lock in {@link HostedVms},
 * except where it says otherwise.
 */
final class HostedVm implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HostedVm.class);

  /** QEMU answers its monitor within this, or something is wrong with it. */
  static final Duration MONITOR = Duration.ofSeconds(5);

  private final HostPaths paths;
  private final QemuBody body;
  private final HeldMemory memory;
  private final VmPaging paging;
  private final WayBack wayBack;
  private volatile VmRecord record;
  private volatile @Nullable PagerRevival revival;
  private boolean served;
  private boolean lettingGo;
  private volatile @Nullable String notServed;
  private volatile boolean closed;
  private final Occupation occupation = new Occupation();
  private volatile boolean bodyLoaded;
  private volatile boolean ran;
  private volatile Set<String> wanted = Set.of();

  private HostedVm(HostPaths paths, VmRecord record, QemuBody body, HeldMemory memory) {
    this.paths = paths;
    this.record = record;
    this.body = body;
    this.memory = memory;
    this.paging = new VmPaging(memory.attachment());
    this.wayBack = new WayBack(body, () -> change(VmRecord::here));
  }

  /** Takes hold of the memory of a QEMU that is new here. */
  static HostedVm take(HostPaths paths, VmRecord record, QemuBody body)
      throws IOException, AttachException {
    return new HostedVm(paths, record, body, HeldMemory.take(paths, record, body));
  }

  /** Takes hold again of the memory of a QEMU that another agent had here before. */
  static HostedVm takeAgain(HostPaths paths, VmRecord record, QemuBody body)
      throws IOException, AttachException {
    return new HostedVm(paths, record, body, HeldMemory.takeAgain(paths, record, body));
  }

  /**
   * Begins to serve the VM's faults from its sub-hosts, and takes its pages while it arrives. One
   * that is here and never had a sub-host needs none of this.
   *
   * @param addressOf finds the data port of a host
   */
  synchronized void startPager(String caller, Function<String, InetSocketAddress> addressOf) {
    boolean arriving = record.phase() == VmRecord.Phase.INCOMING;
    if (!arriving && record.shares().isEmpty() && !memory.isPaged()) {
      return;
    }
    paging.start(record, caller, addressOf, revival(caller, addressOf)::broke);
    served = true;
  }

  private PagerRevival revival(String caller, Function<String, InetSocketAddress> addressOf) {
    PagerRevival again = revival;
    if (again == null) {
      again = new PagerRevival(record.name(), () -> restartPager(caller, addressOf));
      revival = again;
    }
    return again;
  }

  /** Does nothing for a VM that has ended here, or that somebody still begins to serve. */
  private synchronized void restartPager(
      String caller, Function<String, InetSocketAddress> addressOf) throws IOException {
    if (closed || !served || !body.process().isAlive()) {
      return;
    }
    if (!record.isHere()) {
      throw new IOException("it is still arriving, or leaving");
    }
    paging.stop();
    change(r -> r.withEpoch(r.epoch() + 1));
    startPager(caller, addressOf);
    paging.keepWithinLimit(record);
    log.info("VM {}: paging goes on", record.name());
  }

  /** A part of this arriving VM stays at its source, which is one more sub-host of it. */
  synchronized void expectRest(Share rest, InetSocketAddress source) throws IOException {
    if (record.phase() != VmRecord.Phase.INCOMING) {
      throw new IOException("VM " + record.name() + " is not arriving any more");
    }
    if (!record.hasShareOf(rest)) {
      change(r -> r.with(rest));
      paging.expectRest(rest, source);
    }
  }

  /**
   * Raises the VM's epoch for a plan that was made before.
   *
   * @throws IOException when it has been raised that far meanwhile: an epoch is used once
   */
  synchronized void raiseEpoch(long epoch) throws IOException {
    if (epoch <= record.epoch()) {
      throw new IOException("VM " + record.name() + ": its paging was begun anew; try again");
    }
    change(r -> r.withEpoch(epoch));
  }

  /** See {@link Occupation#begin}. Any thread. */
  @Nullable String occupy(String operation) {
    return occupation.begin(operation);
  }

  /** See {@link Occupation#beginBriefly}. Any thread. */
  boolean occupyBriefly() {
    return occupation.beginBriefly();
  }

  /** Ends {@link #occupy} or {@link #occupyBriefly}. Any thread. */
  void vacate() {
    occupation.end();
  }

  /**
   * Changes the record; durable when it returns. A VM that is here takes no arriving pages any
   * more.
   */
  synchronized void change(UnaryOperator<VmRecord> change) throws IOException {
    if (closed) {
      throw new IOException("VM " + record.name() + " has ended here");
    }
    VmRecord next = change.apply(record);
    next.write(paths.vm(next.name()));
    record = next;
    if (next.isHere()) {
      paging.endArrival();
    }
  }

  /** Evicts from now on, if a part of the VM's memory is elsewhere. Any thread. */
  synchronized void keepWithinLimit() {
    if (!closed) { // a pager that has ended must not begin to evict
      paging.keepWithinLimit(record);
    }
  }

  /** Lets the VM run, if it does not; {@link #hasRun} is to follow, soon. */
  void run() throws IOException {
    body.qmp().execute("cont", MONITOR);
  }

  /**
   * Lets a VM that was taken run, unless it has run here: then whether it runs is its operator's
   * affair, and once it leaves its next host's, which must not find it running here. Any thread.
   */
  void runFirst() throws IOException {
    if (!ran) {
      synchronized (this) { // with the record: it cannot begin to leave meanwhile
        if (!closed && record.phase() == Phase.TAKEN) {
          run();
          ran = true;
        }
      }
    }
  }

  /** Notes that the VM has run here: no other agent need let it run. */
  void hasRun() throws IOException {
    change(r -> r.phase() == Phase.TAKEN ? r.here() : r);
  }

  /**
   * Brings the VM back from a migration that came to nothing, now and, while that fails and QEMU
   * lives, again every second.
   */
  void comeBackSurely() {
    wayBack.go();
  }

  /** QEMU has loaded the device state of this arriving VM. Any thread. */
  void bodyIsLoaded() {
    bodyLoaded = true;
  }

  /** Pages that are still to come from sub-hosts that are leaving. Any thread. */
  long toGather() {
    return paging.toGather(record);
  }

  /** True when a sub-host that is leaving has no page any more. Any thread. */
  boolean isDrained(Share share) {
    return paging.isDrained(share);
  }

  /**
   * A sub-host that has no page of this VM any more is not one of its sub-hosts any more.
   *
   * @throws IllegalStateException when it may have some, as the pager was made anew meanwhile
   */
  synchronized void forgetSubHost(Share share) throws IOException {
    if (!record.isHere()) {
      return; // its next host lets go of it
    }
    if (!paging.isDrained(share)) {
      throw new IllegalStateException("it is not drained");
    }
    change(r -> r.without(share));
    paging.forget(share.index());
  }

  /** Whether somebody looks after the sub-hosts that are leaving. */
  synchronized boolean isLettingGo() {
    return lettingGo;
  }

  synchronized void lettingGo(boolean looks) {
    lettingGo = looks;
  }

  /** Takes no arriving page any more, whoever sends it. Any thread. */
  void endArrival() {
    paging.endArrival();
  }

  /** The sub-host that this host cannot reach now; null when there is none. Any thread. */
  @Nullable String missingSubHost() {
    return paging.missingSubHost();
  }

  /** Whether the device state has arrived. Any thread. */
  boolean hasBody() {
    return bodyLoaded;
  }

  String migrationStatus() throws IOException {
    return WayBack.migrationStatus(body);
  }

  VmRecord record() {
    return record;
  }

  UUID id() {
    return record.id();
  }

  QemuBody body() {
    return body;
  }

  GuestAttachment attachment() {
    return memory.attachment();
  }

  HostPaths paths() {
    return paths;
  }

  /** Null when the whole VM is here. Any thread. */
  @Nullable GuestPager pager() {
    return paging.pager();
  }

  /** Null unless the VM is arriving. Any thread. */
  @Nullable IncomingMemory incoming() {
    return paging.incoming();
  }

  /** Says why the VM's memory is not served at all; null when it is. */
  void notServed(@Nullable String why) {
    notServed = why;
  }

  /** Why the VM stands still on this host's account; null when it does not. */
  @Nullable String broken() {
    String unserved = notServed;
    PagerRevival again = revival;
    String broken = again == null ? null : again.reason();
    return unserved != null ? unserved : broken != null ? broken : wayBack.reason();
  }

  /** The memory limit changes; the record is durable before it counts. */
  void mainMemory(long bytes, List<Share> shares) throws IOException {
    // A sub-host that was let go meanwhile is not to come back.
    change(r -> r.withMainMemory(bytes, shares.stream().filter(r::hasShareOf).toList()));
    paging.limit(bytes, shares);
  }

  /**
   * The VM runs on here with these sub-hosts, of which some leave, and so much of it here; durable
   * when it returns. A pager that cannot do it now is made anew until it can, as after a restart.
   *
   * @throws IOException when nothing has changed
   */
  synchronized void rearrange(
      long bytes, List<Share> shares, String caller, Function<String, InetSocketAddress> addressOf)
      throws IOException {
    if (!record.isHere()) {
      throw new IOException("it is arriving, or leaving");
    }
    if (!body.process().isAlive()) {
      throw new IOException("its QEMU has ended");
    }
    if (broken() != null || (paging.pager() == null && memory.isPaged())) {
      throw new IOException("its memory is not served at the moment: " + broken());
    }
    for (Share share : shares) {
      InetSocketAddress ignored = addressOf.apply(share.host()); // before anything depends on it
    }
    change(r -> r.withMainMemory(bytes, shares));
    log.info(
        "VM {}: its memory is placed anew: {} MiB here, {}", record.name(), bytes >> 20, shares);
    try {
      paging.rearrange(record, addressOf);
      if (paging.pager() == null) {
        startPager(caller, addressOf);
      }
      paging.keepWithinLimit(record);
    } catch (RuntimeException | Error e) {
      served = true;
      revival(caller, addressOf).broke(e);
    }
  }

  /** A sub-host that is being asked for memory may have a share of the VM soon. Any thread. */
  void mayBeSplitWith(Set<String> hosts) {
    wanted = Set.copyOf(hosts);
  }

  /** Whether the VM is split with that host, or may be soon. Any thread. */
  boolean needs(String subHost) {
    // In this order: what is wanted is taken back only after the record has it.
    return wanted.contains(subHost) || record.isSplitWith(subHost);
  }

  /** Ends QEMU and lets go of the VM; its memory, and a record of that, stay. */
  void leave() throws IOException {
    body.stop();
    if (!closed) { // else only what follows failed before
      change(VmRecord::left);
      close();
    }
    VmFiles.forgetBody(paths, record.name());
  }

  /** Ends QEMU and forgets the VM on this host: memory, page table, record. */
  void destroy() throws IOException {
    body.stop();
    if (!closed) {
      close();
    }
    VmFiles.forget(paths, record.name(), body.spec().isPresent());
  }

  /** Whether this host has let go of it. Any thread. */
  boolean isClosed() {
    return closed;
  }

  /** Lets go of the VM; QEMU goes on. */
  @Override
  public synchronized void close() {
    closed = true;
    paging.stop();
    memory.close();
    body.close();
  }
}
