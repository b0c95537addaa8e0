package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
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
import org.smemv.paging.PageTable;
import org.smemv.paging.SubHost;
import org.smemv.paging.SubHosts;
import org.smemv.placement.PageSize;

/**
 * One VM whose body is on this host: its record, its QEMU, hold of its memory, and, when a part of
 * the memory is elsewhere, its pager. Methods are called under the VM's lock in {@link HostedVms},
 * except where it says otherwise.
 */
final class HostedVm implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HostedVm.class);

  /** QEMU answers its monitor within this, or something is wrong with it. */
  static final Duration MONITOR = Duration.ofSeconds(5);

  private static final Duration REVIVE_AFTER = Duration.ofSeconds(1);

  private final HostPaths paths;
  private final QemuBody body;
  private final PageTable table;
  private final GuestAttachment attachment;
  private volatile VmRecord record;
  private volatile @Nullable GuestPager pager;
  private volatile @Nullable IncomingMemory incoming;
  private volatile @Nullable String broken;
  private volatile @Nullable String notRunning;
  private volatile @Nullable String notServed;
  private final AtomicReference<@Nullable String> occupied = new AtomicReference<>();
  private volatile boolean bodyLoaded;

  private HostedVm(
      HostPaths paths,
      VmRecord record,
      QemuBody body,
      PageTable table,
      GuestAttachment attachment) {
    this.paths = paths;
    this.record = record;
    this.body = body;
    this.table = table;
    this.attachment = attachment;
  }

  /** Takes hold of the memory of a QEMU that is new here. */
  static HostedVm take(HostPaths paths, VmRecord record, QemuBody body)
      throws IOException, AttachException {
    Files.deleteIfExists(paths.table(record.name()));
    PageTable table =
        PageTable.create(
            paths.table(record.name()), record.id(), PageSize.pagesIn(record.memoryBytes()));
    return take(paths, record, body, table);
  }

  /** Takes hold again of the memory of a QEMU that another agent had here before. */
  static HostedVm takeAgain(HostPaths paths, VmRecord record, QemuBody body)
      throws IOException, AttachException {
    return take(paths, record, body, PageTable.open(paths.table(record.name())));
  }

  private static HostedVm take(HostPaths paths, VmRecord record, QemuBody body, PageTable table)
      throws AttachException {
    try {
      table.limitPages(record.mainMemoryBytes() >>> PageSize.SHIFT);
      GuestAttachment attachment =
          GuestAttachment.attach(body.process().pid(), body.ramFile(), table);
      return new HostedVm(paths, record, body, table, attachment);
    } catch (AttachException | RuntimeException e) {
      table.close();
      throw e;
    }
  }

  /**
   * Begins to serve the VM's faults from its sub-hosts. A VM without sub-hosts needs none of this.
   *
   * @param addressOf finds the data port of a host
   */
  void startPager(String caller, Function<String, java.net.InetSocketAddress> addressOf) {
    if (record.shares().isEmpty()) {
      return;
    }
    SubHosts hosts = new SubHosts(record.id(), record.epoch(), caller);
    for (Share share : record.shares()) {
      hosts.add(
          new SubHost.Identity(share.index(), share.host(), addressOf.apply(share.host())),
          share.bytes() >>> PageSize.SHIFT);
    }
    Consumer<Throwable> onBroken = failure -> revive(failure, caller, addressOf);
    GuestPager made = new GuestPager(attachment, hosts, GuestPager.SPIN, onBroken);
    try {
      if (record.phase() == Phase.INCOMING) {
        incoming = new IncomingMemory(made, record.epoch());
      } else {
        made.recover();
      }
      made.serveFaults();
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
    pager = made;
  }

  /**
   * A thread of the pager broke: what it left is what a dead agent would leave, so the pager is
   * made anew in the same way. Nothing happens when QEMU is dead.
   */
  private void revive(
      Throwable failure, String caller, Function<String, java.net.InetSocketAddress> addressOf) {
    broken = "paging broke and is being started again: " + failure;
    Thread.ofPlatform()
        .name("revive-" + record.name())
        .daemon()
        .start(
            () -> {
              try {
                Thread.sleep(REVIVE_AFTER);
                restartPager(caller, addressOf);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } catch (IOException | RuntimeException e) {
                broken = "paging broke and could not be started again: " + e;
                log.error("VM {}: {}", record.name(), broken, e);
              }
            });
  }

  private synchronized void restartPager(
      String caller, Function<String, java.net.InetSocketAddress> addressOf) throws IOException {
    GuestPager before = pager;
    boolean arriving = record.phase() == Phase.INCOMING;
    if (before == null || broken == null || arriving || !body.process().isAlive()) {
      return;
    }
    before.close();
    change(r -> r.withEpoch(r.epoch() + 1));
    startPager(caller, addressOf);
    keepWithinLimit();
    broken = null;
    log.info("VM {}: paging goes on", record.name());
  }

  /** An arriving VM without sub-hosts takes its pages without a pager. */
  void expectPages() {
    if (incoming == null) {
      incoming = IncomingMemory.withoutPager(attachment, record.epoch());
    }
  }

  /**
   * Claims the VM for one operation.
   *
   * @param operation what, for others who want it: {@code being migrated to h2}
   * @return null when it was claimed, else what it is occupied with
   */
  @Nullable String occupy(String operation) {
    return occupied.compareAndExchange(null, operation);
  }

  /** Ends {@link #occupy}. */
  void vacate() {
    occupied.set(null);
  }

  /**
   * Changes the record; durable when it returns. A VM that is here takes no arriving pages any
   * more.
   */
  synchronized void change(UnaryOperator<VmRecord> change) throws IOException {
    VmRecord next = change.apply(record);
    next.write(paths.vm(next.name()));
    record = next;
    IncomingMemory arriving = incoming;
    if (arriving != null && next.phase() == Phase.HERE) {
      arriving.close();
      incoming = null;
    }
  }

  /** Evicts from now on, if a part of the VM's memory is elsewhere. */
  void keepWithinLimit() {
    GuestPager paging = pager;
    if (paging != null) {
      paging.keepWithinLimit();
    }
  }

  /** Lets the VM run, if it does not. */
  void run() throws IOException {
    body.qmp().execute("cont", MONITOR);
  }

  /** Brings QEMU back from a migration that came to nothing: the VM runs here. */
  void comeBack() throws IOException {
    String status = migrationStatus();
    if (List.of("setup", "active", "pre-switchover", "device").contains(status)) {
      body.qmp().execute("migrate_cancel", MONITOR);
      awaitMigrationEnd();
    }
    String runState = body.qmp().execute("query-status", MONITOR).path("status").asText();
    if (!runState.equals("running") && !runState.equals("paused")) {
      log.info("VM {}: QEMU is {}, letting it run", record.name(), runState);
      run();
    }
  }

  /** Does {@link #comeBack}, now and, while that fails and QEMU lives, again every second. */
  void comeBackSurely() {
    String failure = tryToComeBack();
    if (failure == null) {
      return;
    }
    notRunning = failure;
    Thread.ofPlatform()
        .name("come-back-" + record.name())
        .daemon()
        .start(
            () -> {
              try {
                while (notRunning != null && body.process().isAlive()) {
                  Thread.sleep(REVIVE_AFTER);
                  notRunning = tryToComeBack();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  private @Nullable String tryToComeBack() {
    try {
      change(VmRecord::here);
      comeBack();
      return null;
    } catch (IOException | RuntimeException e) {
      log.warn("VM {}: does not run yet: {}", record.name(), e.getMessage());
      return "it does not run yet: " + e.getMessage();
    }
  }

  private void awaitMigrationEnd() throws IOException {
    long deadline = System.nanoTime() + MONITOR.toNanos();
    while (!List.of("cancelled", "failed", "completed", "none", "").contains(migrationStatus())) {
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "VM " + record.name() + ": QEMU does not end its migration: " + migrationStatus());
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while QEMU ends its migration", e);
      }
    }
  }

  /** QEMU has loaded the device state of this arriving VM. Any thread. */
  void bodyIsLoaded() {
    bodyLoaded = true;
  }

  /** Whether the device state has arrived. Any thread. */
  boolean hasBody() {
    return bodyLoaded;
  }

  String migrationStatus() throws IOException {
    return body.qmp().execute("query-migrate", MONITOR).path("status").asText("");
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
    return attachment;
  }

  HostPaths paths() {
    return paths;
  }

  /** Null when the whole VM is here. Any thread. */
  @Nullable GuestPager pager() {
    return pager;
  }

  /** Null unless the VM is arriving. Any thread. */
  @Nullable IncomingMemory incoming() {
    return incoming;
  }

  /** Says why the VM's memory is not served at all; null when it is. */
  void notServed(@Nullable String why) {
    notServed = why;
  }

  /** Why the VM stands still on this host's account; null when it does not. */
  @Nullable String broken() {
    String unserved = notServed;
    String paging = broken;
    return unserved != null ? unserved : paging != null ? paging : notRunning;
  }

  /** The memory limit changes; the record is durable before it counts. */
  void mainMemory(long bytes, List<Share> shares) throws IOException {
    change(r -> r.withMainMemory(bytes, shares));
    table.limitPages(bytes >>> PageSize.SHIFT);
    GuestPager paging = pager;
    if (paging != null) {
      for (Share share : shares) {
        paging.subHosts().all().get(share.index()).grantPages(share.bytes() >>> PageSize.SHIFT);
      }
      paging.limitPages(bytes >>> PageSize.SHIFT);
    }
  }

  /** Ends QEMU and forgets the VM on this host: memory, page table, record. */
  void destroy() throws IOException {
    body.stop();
    close();
    forget(paths, record.name(), body.spec().isPresent());
  }

  /** Removes what a VM left on this host. */
  static void forget(HostPaths paths, String name, boolean ownRam) throws IOException {
    QemuBody.forgetDead(paths.vm(name));
    Files.deleteIfExists(paths.table(name));
    if (ownRam) {
      Files.deleteIfExists(paths.ram(name));
    }
    Files.deleteIfExists(paths.bodySocket(name));
    VmRecord.delete(paths.vm(name));
  }

  /** Lets go of the VM; QEMU goes on. */
  @Override
  public synchronized void close() {
    GuestPager paging = pager;
    pager = null;
    if (paging != null) {
      paging.close();
    }
    attachment.close();
    table.close();
    body.close();
  }
}
