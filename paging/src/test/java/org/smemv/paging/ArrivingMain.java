package org.smemv.paging;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.MemoryFile;

/** A new main host with two sub-hosts: a RAM file that nothing runs on yet. */
final class ArrivingMain implements HolderDirectory, AutoCloseable {
  final MemoryFile ram;
  final PageTable table;
  final ResidentBudget budget;
  final SubHosts subHosts;
  final PageServer server;
  private final IncomingMemory incoming;

  ArrivingMain(UUID vm, MemoryDirectory directory, long pages, long mainPages, long epoch) {
    budget = new ResidentBudget(mainPages, Long.MAX_VALUE);
    subHosts = new SubHosts(vm, epoch, "main");
    ram = MemoryFile.create(directory.resolve("ram2"), pages * 4096);
    table = PageTable.create(directory.resolve("table2"), vm, pages);
    table.limitPages(mainPages);
    InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    subHosts.add(new SubHost.Identity(0, "s1", nowhere), pages);
    subHosts.add(new SubHost.Identity(1, "s2", nowhere), pages);
    incoming = new IncomingMemory(table, new GuestMemory(ram, 0), budget, subHosts, epoch);
    server =
        PageServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            new PageServer.Services(this, request -> request),
            PageServer.Options.of("main"));
  }

  ArrivingMain(UUID vm, MemoryDirectory directory, long pages, long mainPages) {
    this(vm, directory, pages, mainPages, 1);
  }

  @Override
  public @Nullable PageHolder holder(UUID vm) {
    return incoming;
  }

  @Override
  public @Nullable BodySink bodySink(UUID vm, long epoch) {
    return null;
  }

  @Override
  public void close() {
    server.close();
    table.close();
    ram.close();
  }
}
