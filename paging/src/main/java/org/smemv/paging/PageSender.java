package org.smemv.paging;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.smemv.placement.PageSize;

/**
 * Sends the pages of one target of a migration, on a thread of its own: takes page numbers, reads
 * the current contents, and puts them on the target. Where the target is a sub-host, the new main
 * host is told of each page's place and checksum over a second link.
 */
final class PageSender implements AutoCloseable {
  private static final int FRAME_PAGES = 64;
  private static final int FRAMES_MAX = 8;

  /** At least a stripe's pages; two frames, so that few are sent before they are full. */
  private static final int BUFFER_PAGES = 2 * FRAME_PAGES;

  /** A short queue, so that pages are chosen late: what is written before its turn goes once. */
  private static final int QUEUE_STRIPES = 16;

  private static final long[] END_OF_ROUND = new long[0];

  /**
   * What the senders of one migration share.
   *
   * @param memory what is sent
   * @param heat how hot each page is
   * @param limit for all senders together
   * @param table where pages are that are not here
   * @param staying the sub-hosts that have them
   * @param placed pages of which the new main host was told last that they are elsewhere, but for
   *     those that this migration sent there
   * @param left pages that stay here
   * @param current pages that were sent, or are at a sub-host and told, since they were handed over
   */
  record Shared(
      GuestMemory memory,
      WriteHeat heat,
      BandwidthLimit limit,
      PageTable table,
      PlaceIndexes staying,
      PageBitmap placed,
      LeftPages left,
      PageBitmap current) {}

  private final int index;
  private final Shared shared;
  private final PageLink link;
  private final PageSendWindow pages;
  private final @Nullable PageLink placeLink;
  private final @Nullable PageSendWindow places;
  private final BitSet holds = new BitSet();
  private final BlockingQueue<long[]> stripes = new ArrayBlockingQueue<>(QUEUE_STRIPES);
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer =
      arena.allocate((long) BUFFER_PAGES * PageSize.BYTES, PageSize.BYTES);
  private final LongAdder pagesSent = new LongAdder();
  private final LongAdder pagesTold = new LongAdder();
  private final LongAdder zeroPages = new LongAdder();
  private final LongAdder pagesHeld = new LongAdder();
  private final Thread thread;
  private volatile CompletableFuture<Void> round = CompletableFuture.completedFuture(null);
  private final Queue<long[]> skipped = new ConcurrentLinkedQueue<>();
  private volatile boolean skipping;
  private volatile boolean running = true;
  private int filled;

  /**
   * @param index 0 for the main host, i+1 for sub-host i
   * @param link to the target
   * @param placeLink to the main host; null when that is the target
   */
  PageSender(int index, Shared shared, PageLink link, @Nullable PageLink placeLink) {
    this.index = index;
    this.shared = shared;
    this.link = link;
    this.placeLink = placeLink;
    this.pages = new PageSendWindow(link, FRAME_PAGES, FRAMES_MAX);
    this.places = placeLink == null ? null : new PageSendWindow(placeLink, FRAME_PAGES, FRAMES_MAX);
    this.thread = Thread.ofPlatform().name("page-sender-" + index).daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  void beginRound() {
    skipping = false;
    round = new CompletableFuture<>();
  }

  /**
   * Has pages sent; waits while too many are queued.
   *
   * @param stripe page numbers; {@code ~number} for a page of which only the place is to be told.
   *     Once pages are left here that is all that is done to any
   */
  void send(long[] stripe) throws InterruptedException {
    while (!stripes.offer(stripe, 100, java.util.concurrent.TimeUnit.MILLISECONDS)) {
      if (round.isDone()) {
        return;
      }
    }
  }

  /** No more pages come in this round. Completes when the target has acknowledged all of them. */
  CompletableFuture<Void> endRound() throws InterruptedException {
    send(END_OF_ROUND);
    return round;
  }

  /** Whether the target was lost or refused pages in this round. Any thread. */
  boolean hasFailed() {
    return round.isCompletedExceptionally();
  }

  /** Leaves out what is still queued of this round. Any thread. */
  void skip() {
    skipping = true;
  }

  /** After the round: pages that were left out. */
  void takeSkipped(BitSet into) {
    for (long[] stripe = skipped.poll(); stripe != null; stripe = skipped.poll()) {
      for (long page : stripe) {
        into.set((int) (page < 0 ? ~page : page));
      }
    }
  }

  /** To the target; between rounds nothing is under way on it. */
  PageLink link() {
    return link;
  }

  /** Bytes sent, headers included. Any thread. */
  long bytes() {
    return link.bytesSent() + (placeLink == null ? 0 : placeLink.bytesSent());
  }

  /** Page contents sent, repeated ones included. Any thread. */
  long pagesSent() {
    return pagesSent.sum();
  }

  /** Pages that were left here and told, repeated ones included. Any thread. */
  long pagesTold() {
    return pagesTold.sum();
  }

  /** Pages that the target holds contents of. Any thread. */
  long pagesHeld() {
    return pagesHeld.sum();
  }

  /** Pages found to be zeros. Any thread. */
  long zeroPages() {
    return zeroPages.sum();
  }

  private void run() {
    while (running) {
      try {
        long[] stripe = stripes.take();
        if (stripe.length == 0) {
          drain();
          round.complete(null);
        } else if (skipping) {
          skipped.add(stripe);
        } else if (!round.isDone()) {
          sendStripe(stripe);
        }
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException | Error e) {
        // An error, too: whoever waits for the end of the round would wait for ever.
        round.completeExceptionally(e);
      }
    }
  }

  private void sendStripe(long[] stripe) {
    int from = 0;
    while (from < stripe.length) {
      boolean told = stripe[from] < 0;
      long step = told ? -1 : 1;
      int to = from + 1;
      while (to < stripe.length && stripe[to] == stripe[to - 1] + step) {
        to++;
      }
      if (told || shared.left().begun()) {
        tellRun(told ? ~stripe[from] : stripe[from], to - from);
      } else {
        sendRun(stripe[from], to - from);
      }
      from = to;
    }
  }

  private void tellRun(long first, int count) {
    long end = first + count;
    for (long page = first; page < end; ) {
      long entry = shared.table().get(page);
      if (isRemote(entry)) {
        tellPlace(page, entry);
        page++;
      } else {
        long next = page + 1;
        while (next < end && !isRemote(shared.table().get(next))) {
          next++;
        }
        tellHere(page, (int) (next - page));
        page = next;
      }
    }
  }

  private static boolean isRemote(long entry) {
    return PageEntry.place(entry) == PageEntry.REMOTE;
  }

  private void tellHere(long first, int count) {
    if (shared.left().begun()) {
      leave(first, count);
    } else {
      tellZeros(first, count);
    }
  }

  /**
   * Whatever they contain by the time that they are asked for, when nobody writes to them any more.
   */
  private void leave(long first, int count) {
    int index = shared.left().indexThere();
    for (long page = first; page < first + count; page++) {
      if (shared.left().add(page)) {
        forget(page);
        teller().placeUnread(page, index, shared.heat().of(page));
        pagesTold.increment();
      }
    }
  }

  /**
   * Of pages that were at a sub-host and came back in the meantime zeros are told. The others are
   * due again, and go where they will be assigned.
   */
  private void tellZeros(long first, int count) {
    makeRoom(count);
    long at = (long) filled * PageSize.BYTES;
    long bytes = (long) count * PageSize.BYTES;
    shared.memory().ram().read(first << PageSize.SHIFT, buffer.address() + at, bytes);
    for (int i = 0; i < count; i++, at += PageSize.BYTES) {
      if (ZeroPages.isZero(buffer, at)) {
        sendZero(first + i);
      }
    }
  }

  private void tellPlace(long page, long entry) {
    shared.left().remove(page);
    int host = shared.staying().of(PageEntry.host(entry));
    place(page, host, PageEntry.checksum(entry), PageEntry.heat(entry));
    boolean ignored = shared.current().add(page);
  }

  /** Has the target forget the page, and the new main host know where it is. */
  private void place(long page, int host, int checksum, int heat) {
    forget(page);
    teller().place(page, host, checksum, heat);
  }

  /** To the new main host. */
  private PageSendWindow teller() {
    return places == null ? pages : places;
  }

  /** Has the target drop the page; that it is elsewhere is still to be told. */
  private void forget(long page) {
    if (holds.get((int) page)) {
      holds.clear((int) page);
      pagesHeld.decrement();
      if (places != null) {
        pages.drop(page);
      }
    }
    boolean ignored = shared.placed().add(page);
  }

  /** Without this many free pages in the buffer, sends those in it. */
  private void makeRoom(int count) {
    if (filled + count > BUFFER_PAGES) {
      pages.flush(); // now nothing in the buffer waits for its frame to fill
      filled = 0;
    }
  }

  /** Reads pages in a row with one call, which costs about as much as copying a page. */
  private void sendRun(long first, int count) {
    makeRoom(count);
    long at = (long) filled * PageSize.BYTES;
    long bytes = (long) count * PageSize.BYTES;
    shared.limit().await(bytes);
    shared.memory().ram().read(first << PageSize.SHIFT, buffer.address() + at, bytes);
    filled += count;
    for (int i = 0; i < count; i++, at += PageSize.BYTES) {
      if (ZeroPages.isZero(buffer, at)) {
        sendZero(first + i);
      } else {
        sendContents(first + i, at);
      }
    }
  }

  private void sendContents(long page, long at) {
    int checksum = PageChecksum.of(buffer, at);
    int heat = shared.heat().of(page);
    if (!holds.get((int) page)) {
      holds.set((int) page);
      pagesHeld.increment();
    }
    boolean ignored = shared.placed().remove(page);
    ignored = shared.current().add(page);
    pages.put(page, buffer.address() + at, checksum, heat);
    if (places != null) {
      places.place(page, index - 1, checksum, heat);
    }
    pagesSent.increment();
  }

  /** Targets take every page for zeros until they are told otherwise. */
  private void sendZero(long page) {
    zeroPages.increment();
    boolean held = holds.get((int) page);
    boolean placed = shared.placed().remove(page);
    if (!held && !placed) {
      return;
    }
    holds.clear((int) page);
    shared.left().remove(page);
    pagesHeld.add(held ? -1 : 0);
    if (places == null) {
      pages.putZero(page, 0);
    } else {
      if (held) {
        pages.drop(page);
      }
      places.placeZero(page);
    }
  }

  private void drain() {
    pages.drain();
    if (places != null) {
      places.drain();
    }
  }

  @Override
  public void close() {
    running = false;
    link.shutdown();
    if (placeLink != null) {
      placeLink.shutdown();
    }
    thread.interrupt();
    ThreadEnd.await(thread);
    link.close();
    if (placeLink != null) {
      placeLink.close();
    }
    arena.close();
  }
}
