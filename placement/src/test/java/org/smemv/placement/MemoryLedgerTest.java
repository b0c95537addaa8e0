package org.smemv.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.smemv.placement.MemoryLedger.Key;
import org.smemv.placement.MemoryLedger.Use;

class MemoryLedgerTest {
  private static Key key(int vm) {
    return new Key(new UUID(0, vm), Use.SHARE);
  }

  @Test
  void aGrantIsReducedOnlyWhileItIsTheOneThatWasMeant() throws Exception {
    MemoryLedger ledger = new MemoryLedger(100);
    MemoryLedger.Key key = new MemoryLedger.Key(new UUID(1, 2), MemoryLedger.Use.MAIN);
    ledger.grant(key, 60);
    ledger.reduce(key, 60, 40);
    assertThat(ledger.grantedBytes()).isEqualTo(40);

    ledger.grant(key, 80);
    ledger.reduce(key, 40, 20);
    assertThat(ledger.granted(key)).isEqualTo(80);

    ledger.release(key);
    ledger.reduce(key, 80, 20);
    assertThat(ledger.grantedBytes()).isZero();
  }

  @Test
  void nothingIsPromisedTwice() throws Exception {
    var ledger = new MemoryLedger(100);
    ledger.grant(key(1), 60);

    assertThatThrownBy(() -> ledger.grant(key(2), 41)).isInstanceOf(MemoryLedger.NotEnough.class);
    assertThat(ledger.freeBytes()).isEqualTo(40);
    ledger.grant(key(2), 40);
    assertThat(ledger.freeBytes()).isZero();
  }

  @Test
  void aGrantThatCannotGrowStaysAsItIs() throws Exception {
    var ledger = new MemoryLedger(100);
    ledger.grant(key(1), 60);

    assertThatThrownBy(() -> ledger.grant(key(1), 101)).isInstanceOf(MemoryLedger.NotEnough.class);
    assertThat(ledger.granted(key(1))).isEqualTo(60);
    ledger.grant(key(1), 30);
    assertThat(ledger.freeBytes()).isEqualTo(70);
  }

  @Test
  void releasingTwiceGivesBackOnce() throws Exception {
    var ledger = new MemoryLedger(100);
    ledger.grant(key(1), 60);
    ledger.release(key(1));
    ledger.release(key(1));

    assertThat(ledger.freeBytes()).isEqualTo(100);
  }

  @Test
  void manyPlannersAtOnceNeverGetMoreThanThereIs() throws Exception {
    var ledger = new MemoryLedger(1000);
    var granted = new AtomicLong();
    Thread[] planners = new Thread[8];
    for (int i = 0; i < planners.length; i++) {
      int first = i * 1000;
      planners[i] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int vm = first; vm < first + 500; vm++) {
                      try {
                        ledger.grant(key(vm), 7);
                        granted.addAndGet(7);
                      } catch (MemoryLedger.NotEnough e) {
                        return;
                      }
                    }
                  });
    }
    for (Thread planner : planners) {
      planner.join();
    }
    assertThat(granted.get()).isEqualTo(ledger.grantedBytes()).isEqualTo(994);
  }
}
