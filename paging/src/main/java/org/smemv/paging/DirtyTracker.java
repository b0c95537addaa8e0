package org.smemv.paging;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.smemv.linux.Pagemap;
import org.smemv.placement.PageSize;

/**
 * Which pages of a VM were written: collects the kernel's marks into a set of page numbers. One
 * thread at a time.
 */
public final class DirtyTracker implements AutoCloseable {
  /** A look at so much takes about two milliseconds; less is not worth a thread. */
  private static final long PART_PAGES_MIN = 1L << 20;

  /** More threads would wait for each other in the kernel. */
  private static final int PARTS_MAX = 16;

  /** A part of the memory, which a thread of its own may look at. */
  private record Part(Pagemap pagemap, long start, long end) {}

  private final GuestMemory memory;
  private final Pagemap pagemap;
  private final List<Part> parts = new ArrayList<>();

  DirtyTracker(GuestAttachment attachment) {
    this(attachment, parts(attachment.memory().pages()));
  }

  /** With so many threads while the VM stands. */
  DirtyTracker(GuestAttachment attachment, int threads) {
    this.memory = attachment.memory();
    this.pagemap = Pagemap.of(attachment.pid()); // the evictor has one of its own
    long each = (memory.pages() + threads - 1) / threads;
    for (long page = 0; page < memory.pages(); page += each) {
      long start = memory.base() + (page << PageSize.SHIFT);
      long end = Math.min(memory.end(), start + (each << PageSize.SHIFT));
      parts.add(new Part(page == 0 ? pagemap : Pagemap.of(attachment.pid()), start, end));
    }
  }

  private static int parts(long pages) {
    long most = Math.min(PARTS_MAX, Runtime.getRuntime().availableProcessors());
    return (int) Math.clamp(pages / PART_PAGES_MIN, 1, most);
  }

  /** Begins: no page counts as written. */
  void arm() {
    pagemap.arm(memory.base(), memory.end());
  }

  /**
   * Adds the pages written since the last call, or since {@link #arm}.
   *
   * @return how many there were
   */
  long takeInto(BitSet written) {
    long[] count = new long[1];
    pagemap.takeWritten(
        memory.base(), memory.end(), (start, end) -> count[0] += add(start, end, written));
    return count[0];
  }

  private int add(long start, long end, BitSet written) {
    int from = (int) memory.pageAt(start);
    int to = (int) memory.pageAt(end - 1) + 1;
    written.set(from, to);
    return to - from;
  }

  /**
   * The same while the VM stands: with several threads if it is large, as it waits for them. While
   * it runs they would only take processors from it.
   */
  long takeFastInto(BitSet written) {
    List<CompletableFuture<BitSet>> found = new ArrayList<>();
    for (Part part : parts.subList(1, parts.size())) {
      CompletableFuture<BitSet> other = new CompletableFuture<>();
      found.add(other);
      Thread.ofPlatform().name("written").daemon().start(() -> complete(other, part));
    }
    found.addFirst(new CompletableFuture<>());
    complete(found.getFirst(), parts.getFirst());
    awaitAll(found);
    long count = 0;
    for (int i = 0; i < found.size(); i++) {
      count += addFrom(parts.get(i), joined(found.get(i)), written);
    }
    return count;
  }

  /** Also when one has failed: the others use what may be closed then. */
  private static void awaitAll(List<CompletableFuture<BitSet>> found) {
    CompletableFuture<?>[] all = found.toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(all).exceptionally(_ -> null).join();
  }

  private static void complete(CompletableFuture<BitSet> found, Part part) {
    try {
      found.complete(take(part));
    } catch (RuntimeException | Error e) {
      found.completeExceptionally(e);
    }
  }

  private static BitSet joined(CompletableFuture<BitSet> found) {
    try {
      return found.join();
    } catch (CompletionException e) {
      throw new IllegalStateException("the VM's writes cannot be looked at: " + e.getCause(), e);
    }
  }

  /** Numbers count from the part's start, so that the set is no larger than the part. */
  private static BitSet take(Part part) {
    BitSet found = new BitSet();
    part.pagemap.takeWritten(
        part.start,
        part.end,
        (start, end) ->
            found.set(
                (int) ((start - part.start) >>> PageSize.SHIFT),
                (int) ((end - part.start) >>> PageSize.SHIFT)));
    return found;
  }

  private int addFrom(Part part, BitSet found, BitSet written) {
    int first = (int) memory.pageAt(part.start);
    int count = 0;
    for (int from = found.nextSetBit(0); from >= 0; ) {
      int to = found.nextClearBit(from);
      written.set(first + from, first + to);
      count += to - from;
      from = found.nextSetBit(to);
    }
    return count;
  }

  @Override
  public void close() {
    parts.forEach(part -> part.pagemap.close());
  }
}
