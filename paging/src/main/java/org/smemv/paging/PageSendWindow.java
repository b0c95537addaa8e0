package org.smemv.paging;

import org.jspecify.annotations.Nullable;

/**
 * Sends many pages over a {@link PageLink} without waiting for each acknowledgement: gathers pages
 * into frames and keeps some frames under way. For one thread; the link is its own until {@link
 * #drain} returned.
 *
 * <p>The bytes of a page must not change from the moment their checksum was computed until the call
 * that sent them returns, which is {@link #flush} at the latest. Of a guest that runs, send a copy.
 */
public final class PageSendWindow {
  /** So that no frame keeps who takes it busy for long. */
  private static final int RUN_MAX = 1 << 14;

  private final PageLink link;
  private final int framePages;
  private final int framesMax;
  private final PageBatch batch = new PageBatch();
  private final FrameKind[] kinds;
  private FrameKind kind = FrameKind.PUT;
  private long sent;
  private long acknowledged;
  private long pagesAcknowledged;
  private @Nullable PageLinkException failure;

  /**
   * @param framePages pages in a frame, 1..256
   * @param framesMax frames under way, 1..{@link PageLink#REQUESTS_MAX}
   */
  public PageSendWindow(PageLink link, int framePages, int framesMax) {
    if (framePages < 1
        || framePages > PageFrame.PAGES_MAX
        || framesMax < 1
        || framesMax > PageLink.REQUESTS_MAX) {
      throw new IllegalArgumentException(framesMax + " frames of " + framePages + " pages");
    }
    this.link = link;
    this.framePages = framePages;
    this.framesMax = framesMax;
    this.kinds = new FrameKind[framesMax];
  }

  /**
   * Stores a page.
   *
   * @param address of its 4096 bytes
   * @param checksum of them, see {@link PageChecksum}
   * @param heat 0..255
   * @throws PageLinkException of this frame or an earlier one; {@link #drain} before going on
   */
  public void put(long page, long address, int checksum, int heat) {
    of(FrameKind.PUT);
    batch.add(page, checksum, PageFlags.of(heat, 0), address);
    sendWhenFull();
  }

  /** Stores a page of zeros. */
  public void putZero(long page, int heat) {
    of(FrameKind.PUT);
    batch.add(page, 0, PageFlags.of(heat, 0) | PageFlags.ZERO);
    sendWhenFull();
  }

  /** Tells an incoming main host that a page is on a host, whose index it knows. */
  public void place(long page, int host, int checksum, int heat) {
    of(FrameKind.PLACE);
    batch.add(page, checksum, PageFlags.of(heat, host));
    sendWhenFull();
  }

  /**
   * Tells an incoming main host that a page is on a host, and that its contents are what that will
   * say they are. Pages that follow each other are told together.
   */
  public void placeUnread(long page, int host, int heat) {
    of(FrameKind.PLACE);
    int flags = PageFlags.of(heat, host) | PageFlags.RUN;
    int last = batch.size() - 1;
    if (last >= 0
        && batch.flags(last) == flags
        && batch.page(last) + batch.checksum(last) == page
        && batch.checksum(last) < RUN_MAX) {
      batch.found(last, batch.checksum(last) + 1, flags);
      return;
    }
    batch.add(page, 1, flags);
    sendWhenFull();
  }

  /** Tells an incoming main host that a page is all zeros. */
  public void placeZero(long page) {
    of(FrameKind.PLACE);
    batch.add(page, 0, PageFlags.ZERO);
    sendWhenFull();
  }

  /** Has the host forget a page. */
  public void drop(long page) {
    of(FrameKind.DROP);
    batch.add(page);
    sendWhenFull();
  }

  private void of(FrameKind wanted) {
    if (kind != wanted) {
      flush();
      kind = wanted;
    }
  }

  private void sendWhenFull() {
    if (batch.size() >= framePages) {
      flush();
    }
  }

  /** Sends what was gathered; the memory of its pages may change afterwards. */
  public void flush() {
    if (batch.size() > 0) {
      while (sent - acknowledged >= framesMax) {
        takeAnswer();
      }
      throwFailure();
      kinds[(int) (sent % framesMax)] = kind;
      link.send(kind, batch);
      batch.clear();
      sent++;
    }
  }

  /** Waits until every page is acknowledged. After a failure, what was not sent is forgotten. */
  public void drain() {
    if (failure == null) {
      flush();
    }
    batch.clear();
    while (sent > acknowledged) {
      takeAnswer();
    }
    throwFailure();
  }

  private void takeAnswer() {
    FrameKind answer =
        switch (kinds[(int) (acknowledged % framesMax)]) {
          case DROP -> FrameKind.DROP_ACK;
          case PLACE -> FrameKind.PLACE_ACK;
          default -> FrameKind.PUT_ACK;
        };
    try {
      link.answer(answer);
      pagesAcknowledged += link.answeredPages();
      acknowledged++;
    } catch (PageLinkException e) {
      failure = failure == null ? e : failure;
      acknowledged = e.isLost() ? sent : acknowledged + 1;
    }
  }

  private void throwFailure() {
    PageLinkException e = failure;
    if (e != null) {
      failure = sent > acknowledged ? e : null;
      throw e;
    }
  }

  /** Pages that the host has acknowledged since this window was made. */
  public long pagesAcknowledged() {
    return pagesAcknowledged;
  }
}
