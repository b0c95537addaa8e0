package org.smemv.bench;

import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.smemv.paging.GuestAttachment;
import org.smemv.paging.GuestPager;
import org.smemv.paging.PageChecksum;
import org.smemv.paging.PageEntry;
import org.smemv.paging.PageTable;
import org.smemv.paging.SubHost;
import org.smemv.paging.SubHosts;

/**
 * The agent's part of {@link FaultBench} on the main host: serves the faults of the guest process
 * with a {@link GuestPager}, all of whose pages are at the sub-host when it begins. There is room
 * for all of them here, so nothing is evicted; copies that became stale are dropped, as always.
 */
final class FaultBenchPager {
  private FaultBenchPager() {}

  /** Arguments: pid of the guest, its RAM file, page table to make, pages, sub-host IP and port. */
  public static void main(String[] arguments) throws Exception {
    long pages = Long.parseLong(arguments[3]);
    PageTable table = PageTable.create(Path.of(arguments[2]), FaultBenchServer.VM, pages);
    table.limitPages(2 * pages);
    sayAllAreRemote(table);
    GuestAttachment attachment =
        GuestAttachment.attach(Long.parseLong(arguments[0]), Path.of(arguments[1]), table);
    SubHosts hosts = new SubHosts(FaultBenchServer.VM, 1, "main");
    InetSocketAddress sub = new InetSocketAddress(arguments[4], Integer.parseInt(arguments[5]));
    hosts.add(new SubHost.Identity(0, "sub", sub), pages);
    hosts.countUsed(0, pages);
    GuestPager pager =
        new GuestPager(attachment, hosts, GuestPager.SPIN, FaultBenchPager::endBroken);
    pager.serveFaults();
    pager.keepWithinLimit();
    while (hosts.all().getFirst().state() != SubHost.State.CONNECTED) {
      Thread.sleep(10);
    }
    System.out.println("ready");
    while (System.in.read() >= 0) {
      // Only its end says something.
    }
    Runtime.getRuntime().halt(0);
  }

  private static void sayAllAreRemote(PageTable table) {
    try (Arena arena = Arena.ofConfined()) {
      BenchPages contents = new BenchPages(arena);
      for (long page = 0; page < table.pages(); page++) {
        int checksum = PageChecksum.of(contents.memory(), contents.offset(page));
        table.set(page, PageEntry.remote(0, checksum, 0));
      }
    }
  }

  private static void endBroken(Throwable failure) {
    System.err.println("the pager broke: " + failure);
    Runtime.getRuntime().halt(3);
  }
}
