package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.MemoryFile;

/**
 * A verifying process that works in one file, "its memory at the source", and then goes on in
 * another one, "its memory at the new main host", which a real pager serves. Sub-hosts are named
 * s0, s1, ... with indexes 0, 1, ...; the source is the one with the next index.
 */
final class PostCopyFixture implements HolderDirectory, AutoCloseable {
  static final UUID VM = new UUID(6, 3);
  private static final long EPOCH = 2;

  final ConcurrentLinkedQueue<Throwable> broken = new ConcurrentLinkedQueue<>();
  private final MemoryDirectory directory;
  private final long pages;
  private final long limit;
  final int source;
  final VerifyingGuest guest;
  private final PageTable sourceTable;
  private final GuestAttachment sourceAttachment;
  final LeavingHost old;
  final List<StoreServer> stores = new ArrayList<>();
  final PageTable table;
  private final GuestAttachment attachment;
  final GuestPager pager;
  private final IncomingMemory incoming;
  private final PageServer server;
  private final WriteWatch watch;
  final OutgoingMemory out;
  private boolean copying = true;

  /** The process works for a while; then all is ready for the first round. */
  PostCopyFixture(long pages, long limit, int storeCount, int targets, long seed, long bandwidth)
      throws Exception {
    this.pages = pages;
    this.limit = limit;
    this.source = storeCount;
    directory = new MemoryDirectory();
    Path ramThere = directory.resolve("ram");
    Path ramHere = directory.resolve("ram2");
    MemoryFile.create(ramThere, pages * 4096).close();
    MemoryFile.create(ramHere, pages * 4096).close();
    guest = new VerifyingGuest(ramThere, ramHere, 2, seed);
    sourceTable = PageTable.create(directory.resolve("table"), VM, pages);
    sourceAttachment = GuestAttachment.attach(guest.pid(), ramThere, sourceTable);
    old = new LeavingHost(VM, ramThere, EPOCH);
    table = PageTable.create(directory.resolve("table2"), VM, pages);
    table.limitPages(limit);
    attachment = GuestAttachment.attach(guest.pid(), ramHere, table);
    pager = new GuestPager(attachment, subHosts(storeCount), Duration.ofNanos(50_000), broken::add);
    incoming = new IncomingMemory(pager, EPOCH);
    server =
        PageServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            new PageServer.Services(this, request -> request),
            PageServer.Options.of("main"));
    guest.begin();
    Thread.sleep(1200); // it works
    watch = WriteWatch.begin(sourceAttachment);
    out =
        new OutgoingMemory(watch, VM, EPOCH, "old", targets(targets), PlaceIndexes.NONE, bandwidth);
  }

  private SubHosts subHosts(int storeCount) {
    SubHosts hosts = SubHosts.reading(VM, EPOCH, "main");
    for (int i = 0; i < storeCount; i++) {
      StoreServer store = new StoreServer(VM, pages, "s" + i);
      store.neighbours.put("old", old.server.address());
      stores.add(store);
      hosts.add(new SubHost.Identity(i, "s" + i, store.address()), pages);
    }
    for (StoreServer store : stores) {
      for (int i = 0; i < storeCount; i++) {
        store.neighbours.put("s" + i, stores.get(i).address());
      }
    }
    hosts.add(new SubHost.Identity(source, "old", old.server.address()), 0);
    return hosts;
  }

  /** The new main host, and the first sub-hosts. */
  private List<OutgoingMemory.Target> targets(int subs) {
    List<OutgoingMemory.Target> targets = new ArrayList<>();
    targets.add(new OutgoingMemory.Target("main", server.address(), limit - 256));
    for (int i = 0; i < subs; i++) {
      targets.add(new OutgoingMemory.Target("s" + i, stores.get(i).address(), pages));
    }
    return targets;
  }

  @Override
  public @Nullable PageHolder holder(UUID vm) {
    return incoming;
  }

  @Override
  public @Nullable BodySink bodySink(UUID vm, long epoch) {
    return null;
  }

  /** The process stands, and the last pages are copied or told. */
  void stopAndCopyLast() throws Exception {
    pager.serveFaults();
    await().until(() -> pager.subHosts().at(source).state() == SubHost.State.CONNECTED);
    guest.halt();
    assertThat(out.copyLast(() -> false)).isTrue();
    assertThat(out.duePages()).isZero();
  }

  /** The process goes on at the new main host, which drains the source. */
  void switchOver() throws Exception {
    endCopying();
    old.memory.serve(out.left());
    incoming.close();
    guest.goOnInNextFile();
    pager.takeOver();
    pager.keepWithinLimit();
    pager.drain(source);
  }

  private void endCopying() {
    if (copying) {
      copying = false;
      out.close();
      watch.close();
    }
  }

  /** While the process stands: every page is where it is said to be, as it was at the source. */
  void assertEveryPageIsWhereItIsSaidToBe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wanted = arena.allocate(4096, 4096);
      MemorySegment found = arena.allocate(4096, 4096);
      long left = 0;
      for (long page = 0; page < pages; page++) {
        sourceAttachment.memory().ram().read(page * 4096, wanted.address(), 4096);
        found.fill((byte) 0);
        int checksum = PageChecksum.of(wanted, 0);
        long entry = table.get(page);
        boolean isLeft = false;
        switch (PageEntry.place(entry)) {
          case PageEntry.RESIDENT ->
              attachment.memory().ram().read(page * 4096, found.address(), 4096);
          case PageEntry.REMOTE -> {
            isLeft = PageEntry.host(entry) == source;
            assertThat(PageEntry.checksum(entry))
                .as("page %d", page)
                .isEqualTo(isLeft ? PageChecksum.UNKNOWN : checksum);
            assertThat(isLeft || !ZeroPages.isZero(wanted, 0)).as("page %d", page).isTrue();
            found.copyFrom(wanted);
          }
          default -> {}
        }
        assertThat(wanted.mismatch(found)).as("page %d", page).isEqualTo(-1);
        assertThat(out.left().contains(page)).as("page %d", page).isEqualTo(isLeft);
        left += isLeft ? 1 : 0;
      }
      assertThat(out.leftPages()).isEqualTo(left);
    }
    assertStoresHoldWhatTheTableSays();
  }

  void assertStoresHoldWhatTheTableSays() {
    for (int index = 0; index < stores.size(); index++) {
      PageBatch batch = new PageBatch();
      for (long page = 0; page < pages; page++) {
        long entry = table.get(page);
        batch.clear();
        batch.add(page);
        stores.get(index).store.look(batch);
        boolean placed = PageEntry.names(entry, index);
        assertThat(!PageFlags.isAbsent(batch.flags(0)))
            .as("page %d at sub-host %d with entry %x", page, index, entry)
            .isEqualTo(placed);
        if (placed) {
          assertThat(batch.checksum(0)).as("page %d", page).isEqualTo(PageEntry.checksum(entry));
        }
      }
    }
  }

  /**
   * Until no page is at the source any more, and its memory is free. An agent of it that is
   * restarted in the end may find zero pages, and such as were sent.
   */
  void awaitSourceDrained() {
    await()
        .atMost(Duration.ofSeconds(40))
        .untilAsserted(
            () -> {
              assertThat(broken).isEmpty();
              assertThat(pager.drained(source)).as("%s", pager.draining(source)).isTrue();
            });
    old.memory.freeOthers();
    assertThat(old.presentPages()).isEqualTo(old.memory.remaining());
    assertThat(pager.remaining(source)).isZero();
  }

  /** The process stands, everything settles, and all is where it should be. */
  void assertAllIsInPlaceAndNothingIsWrong() throws Exception {
    guest.halt();
    await().atMost(Duration.ofSeconds(20)).untilAsserted(this::assertStoresHoldWhatTheTableSays);
    guest.goOnInNextFile();
    String end = guest.finish();
    System.out.printf(
        "%s; remote %d refused %d gave %d MiB; %s%n",
        end,
        pager.faults().remote(),
        pager.faults().refused(),
        old.memory.servedBytes() >> 20,
        pager.draining(source));
    assertThat(end).endsWith("wrong 0");
    assertThat(pager.faults().refused()).isZero();
    assertThat(broken).isEmpty();
  }

  @Override
  public void close() throws Exception {
    guest.close();
    endCopying();
    pager.close();
    attachment.close();
    table.close();
    server.close();
    stores.forEach(StoreServer::close);
    old.close();
    sourceAttachment.close();
    sourceTable.close();
    directory.close();
  }
}
