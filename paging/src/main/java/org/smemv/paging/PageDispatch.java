package org.smemv.paging;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * Hands pages to the senders of a migration, in stripes, and waits for the end of each round. One
 * thread calls.
 */
final class PageDispatch {
  private static final int STRIPE = 64;
  private static final long PATIENCE_MILLIS = 40;

  private final List<PageSender> senders;
  private final Runnable afterStripe;
  private final long[][] stripe;
  private final int[] stripeSize;

  /**
   * @param afterStripe is called whenever a sender has got some pages
   */
  PageDispatch(List<PageSender> senders, Runnable afterStripe) {
    this.senders = senders;
    this.afterStripe = afterStripe;
    this.stripe = new long[senders.size()][STRIPE];
    this.stripeSize = new int[senders.size()];
  }

  /**
   * A page for a sender; waits while too many are queued.
   *
   * @param number as in {@link PageSender#send}
   */
  void add(int target, long number) throws InterruptedException {
    stripe[target][stripeSize[target]++] = number;
    if (stripeSize[target] == STRIPE) {
      flush(target);
    }
  }

  private void flush(int target) throws InterruptedException {
    if (stripeSize[target] > 0) {
      senders.get(target).send(Arrays.copyOf(stripe[target], stripeSize[target]));
      stripeSize[target] = 0;
      afterStripe.run();
    }
  }

  /**
   * Waits until the targets have acknowledged all pages of the round.
   *
   * @param over is asked now and then; after a yes, what is still queued is left out
   * @param skipped receives the pages that were left out
   */
  void finishRound(BooleanSupplier over, BitSet skipped) throws InterruptedException {
    for (int target = 0; target < senders.size(); target++) {
      flush(target);
    }
    var ends = new ArrayList<CompletableFuture<Void>>();
    for (PageSender sender : senders) {
      ends.add(sender.endRound());
    }
    CompletableFuture<Void> all = CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new));
    try {
      while (!isOver(all)) {
        if (over.getAsBoolean()) {
          senders.forEach(PageSender::skip);
        }
      }
    } finally {
      senders.forEach(sender -> sender.takeSkipped(skipped));
    }
  }

  /** Waits a moment for the end of the round; it may be long where there is little bandwidth. */
  private static boolean isOver(CompletableFuture<Void> round) throws InterruptedException {
    try {
      round.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e);
    }
  }
}
