package org.smemv.paging;

import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/** What the fault loop counts. The loop alone writes; any thread may read. */
public final class FaultCounters {
  /** A remote fault longer than this is recorded as this long: one minute in nanoseconds. */
  private static final long LONGEST_NANOS = 60_000_000_000L;

  private final SingleWriterRecorder recorder = new SingleWriterRecorder(LONGEST_NANOS, 3);
  private final Histogram total = new Histogram(LONGEST_NANOS, 3);
  private final LongAdder remote = new LongAdder();
  private final LongAdder zero = new LongAdder();
  private final LongAdder repeated = new LongAdder();
  private final LongAdder refused = new LongAdder();

  void remoteFilled(long nanos) {
    recorder.recordValue(Math.min(Math.max(nanos, 0), LONGEST_NANOS));
    remote.increment();
  }

  void zeroFilled(int pages) {
    zero.add(pages);
  }

  void repeatedFault() {
    repeated.increment();
  }

  void refusedContents() {
    refused.increment();
  }

  /** Pages that came from a sub-host because the guest touched them. */
  public long remote() {
    return remote.sum();
  }

  /** Pages of zeros that were made because the guest touched them or a neighbour. */
  public long zero() {
    return zero.sum();
  }

  /** Faults on pages that were already being filled, or already there. */
  public long repeated() {
    return repeated.sum();
  }

  /** Answers of sub-hosts whose contents were not those that the page table expects. */
  public long refused() {
    return refused.sum();
  }

  /** Nanoseconds from reading a fault to the page being in place, since the start. */
  public synchronized Histogram latency() {
    Histogram interval = recorder.getIntervalHistogram();
    total.add(interval);
    return total.copy();
  }
}
