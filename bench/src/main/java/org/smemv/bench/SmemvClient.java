package org.smemv.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.smemv.linux.NativeMemory;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageBatch;
import org.smemv.paging.PageChecksum;
import org.smemv.paging.PageLink;
import org.smemv.paging.PageSendWindow;
import org.smemv.placement.PageSize;

/** Stores pages in a page server; checksums are computed and verified, as they always are. */
final class SmemvClient implements PageClient {
  private final PageLink link;
  private final BenchPages pages;
  private final Arena arena = Arena.ofShared();
  private final PageBatch[] batches = new PageBatch[PageLink.REQUESTS_MAX];
  private final MemorySegment into;

  SmemvClient(LinkTarget target, BenchPages pages) {
    this.link = PageLink.open(target);
    this.pages = pages;
    this.into = arena.allocate((long) PageBatch.CAPACITY * PageSize.BYTES, PageSize.BYTES);
    for (int i = 0; i < batches.length; i++) {
      batches[i] = new PageBatch();
    }
  }

  @Override
  public void put(long first, long end, int batch, int window) {
    PageSendWindow sender = new PageSendWindow(link, batch, window);
    for (long page = first; page < end; page++) {
      long offset = pages.offset(page);
      int checksum = PageChecksum.of(pages.memory(), offset);
      sender.put(page, pages.memory().address() + offset, checksum, 0);
    }
    sender.drain();
  }

  @Override
  public void get(long first, long end, int batch, int window) {
    long asked = first;
    long got = first;
    int head = 0;
    int tail = 0;
    while (got < end) {
      while (asked < end && head - tail < window) {
        PageBatch request = batches[head++ % window];
        request.clear();
        long to = Math.min(asked + batch, end);
        for (; asked < to; asked++) {
          long place = into.address() + (long) request.size() * PageSize.BYTES;
          request.add(asked, 0, 0, place);
        }
        link.requestPages(request);
      }
      PageBatch answer = batches[tail++ % window];
      link.receivePages(answer);
      for (int i = 0; i < answer.size(); i++) {
        if (!pages.looksLike(answer.page(i), NativeMemory.all(), answer.address(i))) {
          throw new IllegalStateException("page " + answer.page(i) + " came back wrong");
        }
      }
      got += answer.size();
    }
  }

  @Override
  public void getEach(long first, long end, int batch, int window) {
    get(first, end, batch, window);
  }

  @Override
  public void close() {
    link.close();
    arena.close();
  }
}
