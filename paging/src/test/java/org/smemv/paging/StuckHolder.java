package org.smemv.paging;

import java.util.UUID;
import java.util.concurrent.CountDownLatch;

/** A holder in which every PUT waits for the test. */
final class StuckHolder implements PageHolder {
  private final UUID vm;
  private final CountDownLatch until;

  StuckHolder(UUID vm, CountDownLatch until) {
    this.vm = vm;
    this.until = until;
  }

  @Override
  public UUID vm() {
    return vm;
  }

  @Override
  public void admit(long epoch) {}

  @Override
  public void prepare(PageBatch put) {
    try {
      until.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void publish(PageBatch put) {}

  @Override
  public void abandon(PageBatch put) {}

  @Override
  public void find(PageBatch get, int from) {}

  @Override
  public void release(PageBatch get) {}

  @Override
  public void drop(PageBatch pages) {}

  @Override
  public void place(PageBatch pages) {}
}
