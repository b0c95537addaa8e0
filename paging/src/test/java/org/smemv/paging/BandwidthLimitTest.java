package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BandwidthLimitTest {
  @Test
  void moreThanTheLimitIsSpreadOverTimeForAllSendersTogether() throws Exception {
    // 40 x 64 KiB at 10 MiB/s are 250 ms, of which 20 ms may be used at once.
    BandwidthLimit limit = new BandwidthLimit(10 << 20);
    long begin = System.nanoTime();
    Thread[] senders = new Thread[4];
    for (int i = 0; i < senders.length; i++) {
      senders[i] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int part = 0; part < 10; part++) {
                      limit.await(64 << 10);
                    }
                  });
    }
    for (Thread sender : senders) {
      sender.join();
    }
    assertThat((System.nanoTime() - begin) / 1_000_000).isGreaterThanOrEqualTo(200);
  }
}
