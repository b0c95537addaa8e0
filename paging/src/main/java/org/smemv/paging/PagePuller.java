package org.smemv.paging;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.BitSet;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Fetches pages of a VM from another sub-host for a PULL, and has the holder here store those it
 * does not hold. Owned by the thread of the connection that the PULL came on, except {@link #stop}.
 *
 * <p>A few pages are under way at once, no more: page faults that are answered over the same link
 * of the other host must not wait behind them.
 */
final class PagePuller implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /** How long one PULL may take; who asked waits longer than that. */
  private static final long LIMIT_NANOS = 10_000_000_000L;

  /** Two such requests are under way: 128 KiB, a millisecond of a link of 1 Gbit/s. */
  private static final int REQUEST_PAGES = 16;

  private final Function<String, InetSocketAddress> addresses;
  private final String caller;
  private final PageBatch wanted = new PageBatch();

  /** Which of those the guest gave up where they are. */
  private final BitSet givenUp = new BitSet();

  private final PageBatch[] requests = {new PageBatch(), new PageBatch()};
  private volatile @Nullable PageLink link;
  private volatile boolean stopped;
  private String linkedTo = "";

  /**
   * @param addresses finds the data port of a host
   * @param caller this host's name
   */
  PagePuller(Function<String, InetSocketAddress> addresses, String caller) {
    this.addresses = addresses;
    this.caller = caller;
  }

  /**
   * Pulls pages.
   *
   * @param from the host that has them
   * @param pages with the checksums that are wanted; says afterwards what the holder has
   * @throws FrameException CAPACITY, before anything is fetched; REFUSED when the host cannot be
   *     asked, or not in time; nothing was stored
   */
  void pull(PageHolder holder, String from, PageBatch pages) {
    wanted.clear();
    givenUp.clear();
    wanted.epoch(pages.epoch());
    collectMissing(holder, pages);
    if (wanted.size() > 0) {
      holder.prepare(wanted);
      try {
        fetch(linkTo(holder.vm(), pages.epoch(), from));
        holder.publishMissing(wanted);
      } catch (PageLinkException e) {
        hangUp();
        throw new FrameException(
            ErrorCode.REFUSED, "cannot pull from host " + from + ": " + e.getMessage());
      } finally {
        holder.abandon(wanted);
      }
      holder.look(pages);
      sayWhatWasGivenUp(pages);
    }
  }

  /** Nothing is stored for such a page, and what is held under its number is out of date. */
  private void sayWhatWasGivenUp(PageBatch pages) {
    for (int i = 0, next = 0; i < pages.size() && next < wanted.size(); i++) {
      if (pages.page(i) == wanted.page(next)) {
        if (givenUp.get(next)) {
          pages.found(i, PageChecksum.ZERO_PAGE, PageFlags.ZERO | PageFlags.GIVEN_UP);
        }
        next++;
      }
    }
  }

  /** Leaves in {@code pages} what is held, if all of it is. */
  private void collectMissing(PageHolder holder, PageBatch pages) {
    for (int i = 0; i < pages.size(); i++) {
      wanted.add(pages.page(i), pages.checksum(i), 0);
    }
    holder.look(pages);
    int kept = 0;
    PageBatch missing = requests[0];
    missing.clear();
    for (int i = 0; i < pages.size(); i++) {
      if (PageFlags.isAbsent(pages.flags(i))) {
        missing.add(wanted.page(i), wanted.checksum(i), 0);
        kept++;
      }
    }
    wanted.clear();
    for (int i = 0; i < kept; i++) {
      wanted.add(missing.page(i), missing.checksum(i), 0);
    }
  }

  private void fetch(PageLink source) {
    long until = System.nanoTime() + LIMIT_NANOS;
    int asked = 0;
    int came = 0;
    while (came < wanted.size()) {
      while (asked < wanted.size() && asked - came < requests.length * REQUEST_PAGES) {
        asked += ask(source, asked);
      }
      came += receive(source, came);
      if (System.nanoTime() - until > 0) {
        hangUp();
        throw new FrameException(
            ErrorCode.REFUSED,
            "pulling %d pages from host %s took too long: %d came"
                .formatted(wanted.size(), linkedTo, came));
      }
    }
  }

  private PageBatch request(int first) {
    return requests[first / REQUEST_PAGES % requests.length];
  }

  private int ask(PageLink source, int first) {
    PageBatch request = request(first);
    request.clear();
    int end = Math.min(first + REQUEST_PAGES, wanted.size());
    for (int i = first; i < end; i++) {
      request.add(wanted.page(i), 0, 0, wanted.address(i));
    }
    source.requestPages(request);
    return end - first;
  }

  /** Only what has the checksum that is wanted is kept. */
  private int receive(PageLink source, int first) {
    PageBatch request = request(first);
    source.receivePages(request);
    for (int i = 0; i < request.size(); i++) {
      int flags = request.flags(i);
      int checksum = PageFlags.isZero(flags) ? PageChecksum.ZERO_PAGE : request.checksum(i);
      givenUp.set(first + i, PageFlags.isGivenUp(flags));
      boolean there = !PageFlags.isAbsent(flags) && !PageFlags.isGivenUp(flags);
      boolean right = there && checksum == wanted.checksum(first + i);
      int kept = PageFlags.isZero(flags) ? PageFlags.ZERO : 0;
      wanted.found(first + i, wanted.checksum(first + i), right ? kept : PageFlags.ABSENT);
    }
    return request.size();
  }

  private PageLink linkTo(UUID vm, long epoch, String host) {
    PageLink before = link;
    if (before != null && linkedTo.equals(host) && before.target().epoch() == epoch) {
      return before;
    }
    hangUp();
    PageLink fresh =
        PageLink.open(
            new LinkTarget(address(host), vm, epoch, TrafficClass.PREFETCH, 0, caller, TIMEOUT));
    link = fresh;
    linkedTo = host;
    if (stopped) {
      fresh.shutdown();
    }
    return fresh;
  }

  private InetSocketAddress address(String host) {
    if (!ServerConnection.HOST_NAME.matcher(host).matches()) {
      throw new FrameException(ErrorCode.REFUSED, "the name of the host to pull from is not one");
    }
    try {
      return addresses.apply(host);
    } catch (IllegalArgumentException e) {
      throw new FrameException(
          ErrorCode.REFUSED, "cannot pull from host " + host + ": " + e.getMessage());
    }
  }

  private void hangUp() {
    PageLink before = link;
    link = null;
    if (before != null) {
      before.close();
    }
  }

  /** Ends a pull that is under way soon; any thread. */
  void stop() {
    stopped = true;
    PageLink open = link;
    if (open != null) {
      open.shutdown();
    }
  }

  @Override
  public void close() {
    hangUp();
  }
}
