package org.smemv.paging;

/**
 * Asks the host that a VM has left for the checksums of pages that are still there: it told of them
 * without, so as not to read all memory before the VM moves. What is to go from that host to
 * another is wanted by its checksum. Owned by the thread of a drain, except {@link #shutdown}.
 */
final class LeftChecksums implements AutoCloseable {
  private final PageTable table;
  private final SubHost host;
  private final DrainCounters counters;
  private final SourceLink link;
  private final PageBatch listed = new PageBatch();

  LeftChecksums(PageTable table, SubHosts hosts, SubHost host, DrainCounters counters) {
    this.table = table;
    this.host = host;
    this.counters = counters;
    int lane = 1 + host.identity().index();
    this.link = new SourceLink(hosts, host, TrafficClass.BULK, lane, counters);
  }

  /**
   * Learns what is not known yet of some pages, and of those that follow them.
   *
   * @param pages ascending; those of which it is known, or was, stay, at the front
   * @param seen their entries, brought up to date
   * @return how many stay
   */
  int learn(long[] pages, long[] seen, int count) {
    int known = 0;
    try {
      for (int i = 0; i < count; i++) {
        long entry = isUnknown(seen[i]) ? learn(pages[i]) : seen[i];
        if (entry != PageEntry.ZERO) {
          pages[known] = pages[i];
          seen[known] = entry;
          known++;
        }
      }
    } catch (PageLinkException e) {
      link.lose(e);
    }
    return known;
  }

  /** The entry of a page that is there; else zero bits. */
  private long learn(long page) {
    long entry = table.get(page); // it may have been learnt with one before
    if (isUnknown(entry) && list(page)) {
      entry = table.get(page);
      if (isUnknown(entry)) {
        counters.stalled(
            "sub-host %s does not have page %d, which was left there"
                .formatted(host.identity().name(), page));
      }
    }
    return isThere(entry) && !isUnknown(entry) ? entry : PageEntry.ZERO;
  }

  private boolean list(long first) {
    PageLink open = link.get();
    if (open == null) {
      return false;
    }
    long ignored = open.list(first, PageBatch.CAPACITY, listed);
    for (int i = 0; i < listed.size(); i++) {
      long page = listed.page(i);
      long entry = page < table.pages() ? table.get(page) : PageEntry.ZERO;
      if (isUnknown(entry)) {
        note(page, entry, listed.checksum(i));
      }
    }
    return true;
  }

  /** Whoever changes the entry meanwhile knows better. */
  private void note(long page, long entry, int checksum) {
    boolean ignored = table.compareAndSet(page, entry, PageEntry.withChecksum(entry, checksum));
  }

  private boolean isUnknown(long entry) {
    return isThere(entry) && PageEntry.checksum(entry) == PageChecksum.UNKNOWN;
  }

  private boolean isThere(long entry) {
    return PageEntry.isIdleAt(entry, host.identity().index());
  }

  /** Ends what is under way soon. Any thread. */
  void shutdown() {
    link.shutdown();
  }

  @Override
  public void close() {
    link.close();
  }
}
