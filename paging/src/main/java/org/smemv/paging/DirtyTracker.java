package org.smemv.paging;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
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
  private record Part(Pagemap pagemap, long start, long end) {
    /** Numbers count from the part's start, so that the set is no larger than the part. */
    BitSet take() {
      BitSet found = new BitSet();
      pagemap.takeWritten(start, end, (from, to) -> found.set(number(from), number(to)));
      return found;
    }

    private int number(long address) {
      return (int) ((address - start) >>> PageSize.SHIFT);
    }
  }

  private final GuestMemory memory;
  private final List<Part> parts = new ArrayList<>();

  DirtyTracker(GuestAttachment attachment) {
    this(attachment, parts(attachment.memory().pages()));
  }

  /** With so many threads while the VM stands. */
  DirtyTracker(GuestAttachment attachment, int threads) {
    // The evictor has one of its own.
    this(attachment.memory(), () -> Pagemap.of(attachment.pid()), threads);
  }

  DirtyTracker(GuestMemory memory, Supplier<Pagemap> pagemaps, int threads) {
    this.memory = memory;
    long each = (memory.pages() + threads - 1) / threads;
    try {
      for (long page = 0; page < memory.pages(); page += each) {
        long start = memory.address(page);
        long end = Math.min(memory.end(), start + (each << PageSize.SHIFT));
        parts.add(new Part(pagemaps.get(), start, end));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static int parts(long pages) {
    long most = Math.min(PARTS_MAX, Runtime.getRuntime().availableProcessors());
    return (int) Math.clamp(pages / PART_PAGES_MIN, 1, most);
  }

  /** Begins: no page counts as written. */
  void arm() {
    parts.forEach(part -> part.pagemap.arm(part.start, part.end));
  }

  /**
   * Adds the pages written since the last call, or since {@link #arm}.
   *
   * @return how many there were
   */
  long takeInto(BitSet written) {
    return add(parts.stream().map(Part::take).toList(), written);
  }

  /**
   * The same while the VM stands: with several threads if it is large, as it waits for them. While
   * it runs they would only take processors from it.
   */
  long takeFastInto(BitSet written) {
    return add(takeAtOnce(), written);
  }

  private List<BitSet> takeAtOnce() {
    List<CompletableFuture<BitSet>> others = new ArrayList<>();
    List<BitSet> found = new ArrayList<>();
    try {
      for (Part part : parts.subList(1, parts.size())) {
        others.add(begin(part));
      }
      found.add(parts.getFirst().take());
    } finally {
      awaitAll(others); // also when one has failed: they use what may be closed then
    }
    others.forEach(other -> found.add(joined(other)));
    return found;
  }

  private static CompletableFuture<BitSet> begin(Part part) {
    CompletableFuture<BitSet> found = new CompletableFuture<>();
    Thread.ofPlatform().name("written").daemon().start(() -> complete(found, part));
    return found;
  }

  private static void complete(CompletableFuture<BitSet> found, Part part) {
    try {
      found.complete(part.take());
    } catch (RuntimeException | Error e) {
      found.completeExceptionally(e);
    }
  }

  private static void awaitAll(List<CompletableFuture<BitSet>> found) {
    CompletableFuture<?>[] all = found.toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(all).exceptionally(_ -> null).join();
  }

  private static BitSet joined(CompletableFuture<BitSet> found) {
    try {
      return found.join();
    } catch (CompletionException e) {
      throw new IllegalStateException("the VM's writes cannot be looked at: " + e.getCause(), e);
    }
  }

  /** What was found in each part. */
  private long add(List<BitSet> found, BitSet written) {
    long count = 0;
    for (int i = 0; i < found.size(); i++) {
      count += add(found.get(i), (int) memory.pageAt(parts.get(i).start), written);
    }
    return count;
  }

  private static int add(BitSet found, int first, BitSet written) {
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
