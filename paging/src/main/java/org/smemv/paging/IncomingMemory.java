package org.smemv.paging;

import java.util.UUID;
import org.smemv.placement.PageSize;

/**
 * The memory of a VM that is about to run here, while its pages arrive: contents go from the
 * network straight into the RAM file, and for every page that goes elsewhere its place is noted.
 * Nothing runs on these pages before {@link #close()}, so they may be written in place.
 */
public final class IncomingMemory implements PageHolder {
  /** Entries looked at for one answer: some 100 us. */
  private static final long LOOKED_AT_MAX = 1 << 16;

  private final PageTable table;
  private final GuestMemory memory;
  private final long epoch;
  private final SubHosts subHosts;
  private final ResidentBudget budget;
  private volatile boolean open = true;

  /**
   * @param pager of the VM that arrives; its page table is all zero
   * @param epoch the only epoch that may write here
   */
  public IncomingMemory(GuestPager pager, long epoch) {
    this(
        pager.attachment().table(),
        pager.attachment().memory(),
        pager.budget(),
        pager.subHosts(),
        epoch);
  }

  IncomingMemory(
      PageTable table, GuestMemory memory, ResidentBudget budget, SubHosts subHosts, long epoch) {
    this.table = table;
    this.memory = memory;
    this.budget = budget;
    this.subHosts = subHosts;
    this.epoch = epoch;
  }

  /** Ends the arrival: from now on every frame is refused. */
  public void close() {
    open = false;
  }

  @Override
  public UUID vm() {
    return table.vm();
  }

  @Override
  public void admit(long frameEpoch) {
    if (!open) {
      throw ended();
    }
    if (frameEpoch != epoch) {
      throw new FrameException(
          ErrorCode.STALE_EPOCH,
          "VM " + vm() + " arrives with epoch " + epoch + ", not " + frameEpoch);
    }
  }

  @Override
  public void prepare(PageBatch put) {
    admit(put.epoch());
    checkPages(put);
    int wanted = 0;
    for (int i = 0; i < put.size(); i++) {
      boolean isNew = PageEntry.place(table.get(put.page(i))) != PageEntry.RESIDENT;
      wanted += put.hasContents(i) && isNew ? 1 : 0;
    }
    if (budget.resident() + wanted > budget.limit()) {
      throw new FrameException(
          ErrorCode.CAPACITY,
          "VM "
              + vm()
              + " may have "
              + budget.limit()
              + " pages here and has "
              + budget.resident());
    }
    for (int i = 0; i < put.size(); i++) {
      if (put.hasContents(i)) {
        long at = memory.ram().mapped().address() + (put.page(i) << PageSize.SHIFT);
        put.address(i, at, -1);
      }
    }
  }

  @Override
  public void publish(PageBatch put) {
    admit(put.epoch());
    for (int i = 0; i < put.size(); i++) {
      int heat = PageFlags.heat(put.flags(i));
      if (put.hasContents(i)) {
        become(put.page(i), PageEntry.resident(heat));
      } else {
        become(put.page(i), PageEntry.ZERO);
      }
    }
  }

  @Override
  public void place(PageBatch pages) {
    admit(pages.epoch());
    checkPages(pages);
    for (int i = 0; i < pages.size(); i++) {
      int flags = pages.flags(i);
      if (!PageFlags.isZero(flags) && subHosts.at(PageFlags.host(flags)) == null) {
        throw new FrameException(
            ErrorCode.REFUSED,
            "page "
                + pages.page(i)
                + " is said to be on sub-host "
                + PageFlags.host(flags)
                + ", which VM "
                + vm()
                + " does not have");
      }
    }
    for (int i = 0; i < pages.size(); i++) {
      int flags = pages.flags(i);
      int host = PageFlags.host(flags);
      if (PageFlags.isRun(flags)) {
        placeRun(pages.page(i), pages.checksum(i), host, PageFlags.heat(flags));
      } else {
        become(
            pages.page(i),
            PageFlags.isZero(flags)
                ? PageEntry.ZERO
                : PageEntry.remote(host, pages.checksum(i), PageFlags.heat(flags)));
      }
    }
  }

  /** There may be a hundred million: those of which nothing is known yet are counted together. */
  private void placeRun(long first, int count, int host, int heat) {
    long entry = PageEntry.remote(host, PageChecksum.UNKNOWN, heat);
    int fresh = 0;
    for (long page = first; page < first + count; page++) {
      if (table.compareAndSet(page, PageEntry.ZERO, entry)) {
        fresh++;
      } else {
        become(page, entry);
      }
    }
    subHosts.countUsed(host, fresh);
  }

  /**
   * One lane of the source tells of each page. Besides, pages of sub-hosts that are leaving are
   * gathered meanwhile: that makes a remote page resident, and nothing else.
   */
  private void become(long page, long entry) {
    long before;
    long after;
    do {
      before = unclaimed(page);
      after = entry;
      if (isResident(before) && isResident(entry) && PageEntry.has(before, PageEntry.COPY)) {
        after |= before & ~PageEntry.HEAT; // its copy is still to be dropped
      }
      if (isResident(before) && !isResident(after)) {
        // First: once it is remote it may be gathered again, and then the hole would be no hole.
        memory.ram().punchHole(page << PageSize.SHIFT, PageSize.BYTES);
      }
    } while (!table.compareAndSet(page, before, after));
    if (isResident(before) && !isResident(after)) {
      budget.release(1);
    } else if (isResident(after) && !isResident(before)) {
      budget.takeAll(1);
    }
    count(before, -1);
    count(after, 1);
  }

  /**
   * The entry, once the page is not being installed by who gathers it, which is soon, unless that
   * thread broke in the middle: then the arrival is ended by others.
   */
  private long unclaimed(long page) {
    long entry = table.get(page);
    while (PageEntry.has(entry, PageEntry.FETCHING)) {
      if (!open) {
        throw ended();
      }
      Thread.onSpinWait();
      entry = table.get(page);
    }
    return entry;
  }

  private FrameException ended() {
    return new FrameException(ErrorCode.REFUSED, "VM " + vm() + " is not arriving any more");
  }

  private static boolean isResident(long entry) {
    return PageEntry.place(entry) == PageEntry.RESIDENT;
  }

  /** What a sub-host may hold: its pages, and copies that are to be dropped. */
  private void count(long entry, int pages) {
    if (PageEntry.place(entry) == PageEntry.REMOTE || PageEntry.has(entry, PageEntry.COPY)) {
      subHosts.countUsed(PageEntry.host(entry), pages);
    }
  }

  private void checkPages(PageBatch pages) {
    for (int i = 0; i < pages.size(); i++) {
      long last = pages.page(i) + (PageFlags.isRun(pages.flags(i)) ? pages.checksum(i) - 1 : 0);
      if (last >= table.pages()) {
        throw new FrameException(
            ErrorCode.REFUSED,
            "page " + last + " of VM " + vm() + ", which has " + table.pages() + " pages");
      }
    }
  }

  @Override
  public void abandon(PageBatch put) {
    // The bytes lie in the RAM file, but no entry calls the page resident: it is sent again or
    // dropped.
  }

  @Override
  public void find(PageBatch get, int from) {
    for (int i = from; i < get.size(); i++) {
      get.found(i, 0, PageFlags.ABSENT);
    }
  }

  @Override
  public void release(PageBatch get) {
    // Nothing is held.
  }

  /**
   * Finds pages that were fetched from sub-hosts, where they had the contents that the source told
   * of last; with the checksums of these. An answer may have none and yet not be the last.
   */
  @Override
  public long list(long first, int max, PageBatch into) {
    into.clear();
    long end = Math.min(table.pages(), first + LOOKED_AT_MAX);
    long page = first;
    while (page < end && into.size() < max) {
      long entry = table.get(page);
      if (isResident(entry) && (entry & (PageEntry.COPY | PageEntry.BUSY)) == PageEntry.COPY) {
        into.add(page, PageEntry.checksum(entry), 0);
      }
      page++;
    }
    return page < table.pages() ? page : 0;
  }

  @Override
  public void drop(PageBatch pages) {
    throw new FrameException(ErrorCode.REFUSED, "VM " + vm() + " is arriving: nothing is dropped");
  }
}
