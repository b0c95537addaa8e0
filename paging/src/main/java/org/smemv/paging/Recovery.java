package org.smemv.paging;

import java.lang.foreign.Arena;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.UserFaultFd;
import org.smemv.linux.UserFaultFd.Outcome;
import org.smemv.placement.PageSize;

/**
 * Makes a page table that a dead agent left agree with the RAM file again. What is present in the
 * file is the authority; a hole is what its entry says; pages that were on their way out wait in
 * the pipe inside QEMU. Runs before any other thread touches the VM; its vCPUs may run, and those
 * that wait for a page are sent to fault again at the end.
 */
final class Recovery {
  private final PageTable table;
  private final GuestMemory memory;
  private final UserFaultFd faults;
  private final EvictionPipe pipe;
  private final PageInstaller installer;
  private final long[] held = new long[SubHosts.HOSTS_MAX];
  private long resident;

  Recovery(PageTable table, GuestMemory memory, UserFaultFd faults, EvictionPipe pipe) {
    this.table = table;
    this.memory = memory;
    this.faults = faults;
    this.pipe = pipe;
    this.installer = new PageInstaller(faults, memory);
  }

  /** Does it all; returns the number of resident pages. */
  long run() {
    putBackEvicted();
    MemoryFile ram = memory.ram();
    long at = 0;
    while (at < ram.bytes()) {
      long data = ram.nextData(at);
      each(at, data, false);
      long hole = ram.nextHole(data);
      each(data, hole, true);
      at = hole;
    }
    faults.wake(new UserFaultFd.Scratch(), memory.base(), ram.bytes());
    return resident;
  }

  /** After {@link #run()}: the pages that a sub-host has, copies that are to be dropped too. */
  long held(int host) {
    return held[host];
  }

  private void putBackEvicted() {
    int count = pipe.leftBehind();
    if (count > 0) {
      var copy = pipe.duplicate();
      var page = Arena.ofAuto().allocate(PageSize.BYTES, PageSize.BYTES);
      for (int i = 0; i < count; i++) {
        copy.read(page.address(), PageSize.BYTES);
        putBack(pipe.page(i), page.address());
      }
    }
    pipe.empty();
  }

  private void putBack(long page, long contents) {
    // A page that is present was never punched, or was put back already: it may be newer.
    if (!memory.isPresent(page)) {
      Outcome outcome = installer.contents(page, contents, false);
      if (outcome != Outcome.INSTALLED && outcome != Outcome.PRESENT) {
        throw new IllegalStateException("page " + page + " could not be put back: " + outcome);
      }
    }
  }

  private void each(long fromOffset, long toOffset, boolean present) {
    long end = toOffset >>> PageSize.SHIFT;
    for (long page = fromOffset >>> PageSize.SHIFT; page < end; page++) {
      long before = table.get(page);
      long entry = before & ~PageEntry.BUSY;
      entry = present ? presentEntry(entry) : holeEntry(entry);
      // Nearly all entries are right, and a write that other threads see costs more than the rest.
      if (entry != before) {
        table.set(page, entry);
      }
      count(entry);
    }
    resident += present ? Math.max(0, end - (fromOffset >>> PageSize.SHIFT)) : 0;
  }

  private void count(long entry) {
    if (PageEntry.place(entry) == PageEntry.REMOTE || PageEntry.has(entry, PageEntry.COPY)) {
      int host = PageEntry.host(entry);
      if (host < held.length) {
        held[host]++;
      }
    }
  }

  private static long presentEntry(long entry) {
    return switch (PageEntry.place(entry)) {
      case PageEntry.RESIDENT -> entry;
      case PageEntry.REMOTE ->
          PageEntry.residentWithCopy(
              PageEntry.host(entry), PageEntry.checksum(entry), PageEntry.heat(entry));
      default -> PageEntry.resident(PageEntry.heat(entry));
    };
  }

  private static long holeEntry(long entry) {
    // A resident page that is a hole was given up by the guest's balloon: it reads as zeros.
    return PageEntry.place(entry) == PageEntry.RESIDENT ? PageEntry.ZERO : entry;
  }
}
