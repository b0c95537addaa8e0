package org.smemv.migration;

import java.util.concurrent.atomic.AtomicLong;

/** Goes on by half a second whenever it is looked at, and by what somebody sleeps. */
final class SteppingClock implements Migration.Clock {
  private final AtomicLong nanos = new AtomicLong();

  @Override
  public long nanos() {
    return nanos.addAndGet(500_000_000);
  }

  @Override
  public void sleep(long millis) {
    goOn(millis * 1_000_000);
  }

  void goOn(long by) {
    nanos.addAndGet(by);
  }
}
