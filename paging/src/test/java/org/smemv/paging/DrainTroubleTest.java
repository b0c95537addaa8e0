package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A sub-host is emptied while there is no room, or while it or another one is away. */
class DrainTroubleTest extends Drains {
  @Test
  void withoutRoomAnywhereItSaysSoAndGoesOnWhenThereIsSome() throws Exception {
    attach(1);
    place(0, 0, 30);
    pager().drain(0);
    await().until(() -> stalled(0).contains("room"));
    assertThat(pager().drained(0)).isFalse();
    assertThat(pager().remaining(0)).isEqualTo(30);
    pager().subHosts().add(fixture.identity(1, 1), PAGES);
    fixture.awaitDrained(0);

    fixture.assertStoresHoldWhatTheTableSays(0, 1);
  }

  @Test
  void moreMainMemoryLetsItGoOnToo() throws Exception {
    attach(1);
    place(0, 0, 30);
    pager().drain(0);
    await().until(() -> stalled(0).contains("room"));
    pager().limitPages(600);
    fixture.awaitDrained(0);

    assertThat(pager().draining(0).gathered()).isEqualTo(30);
  }

  @Test
  void aTargetThatRefusesForWantOfRoomIsPassedOver() throws Exception {
    attach(3);
    fixture.stores.get(1).store.grantPages(5);
    place(0, 0, 300);
    pager().subHosts().countUsed(2, 50); // so that the other one is asked first
    pager().drain(0);
    fixture.awaitDrained(0);
    pager().subHosts().countUsed(2, -50);

    assertThat(fixture.stores.get(1).store.status().pages()).isLessThanOrEqualTo(5);
    fixture.assertStoresHoldWhatTheTableSays(0, 1, 2);
  }

  @Test
  void aSourceThatIsAwayIsNamedAndDrainedWhenItIsBack() throws Exception {
    attach(2);
    place(0, 0, 300);
    fixture.stores.get(0).goAway();
    pager().drain(0);
    await().until(() -> stalled(0).contains("s0"));
    assertThat(pager().drained(0)).isFalse();
    fixture.stores.get(0).comeBack();
    fixture.awaitDrained(0);

    fixture.assertStoresHoldWhatTheTableSays(0, 1);
  }

  @Test
  void aSourceThatStaysAwayWithNothingButCopiesIsLetGoAndLookedThroughShouldItComeBack()
      throws Exception {
    attach(2);
    place(0, 1, 40);
    assertThat(pager().hold(Duration.ofSeconds(5))).isTrue();
    for (long page = 1; page <= 40; page++) {
      assertReads(page);
    }
    fixture.stores.get(0).goAway();
    pager().goOn();
    pager().drain(0);
    await().until(() -> pager().evictions().failures() > 0 || !pager().subHosts().at(0).stores());
    await().during(Duration.ofMillis(600)).until(() -> !pager().drained(0));
    assertThat(pager().remaining(0)).isEqualTo(40);

    fixture.clock.addAndGet(ShareDrain.AWAY_NANOS + 1);
    fixture.awaitDrained(0);
    fixture.awaitNoCopies();
    // It was only copies: all of them are here, and leave in full the next time.
    pager().limitPages(30);
    await().until(() -> pager().remaining(1) >= 10);
    fixture.stores.get(0).comeBack();
    await().until(() -> fixture.stores.get(0).store.status().pages() == 0);
    fixture.assertStoresHoldWhatTheTableSays(0, 1);
    for (long page = 1; page <= 40; page++) {
      assertReads(page);
    }
  }

  @Test
  void aGatheringWhoseSourceIsLostGoesOnWhenItIsBack() throws Exception {
    gate(0);
    attach(1);
    pager().limitPages(PAGES);
    place(0, 0, 300);
    pager().drain(0);
    await().until(() -> standing.get() > 0);
    gate.countDown();
    fixture.stores.get(0).goAway();
    fixture.stores.get(0).comeBack();
    fixture.awaitDrained(0);

    assertThat(pager().budget().resident()).isEqualTo(300);
    fixture.assertStoresHoldWhatTheTableSays(0);
  }

  @Test
  void aTargetThatIsLostInTheMiddleOfAPullIsLookedThroughWhenItIsBack() throws Exception {
    gate(0);
    attach(2);
    place(0, 0, 300);
    pager().drain(0);
    await().until(() -> standing.get() > 0);
    fixture.stores.get(1).goAway();
    // What the PULL may have stored without anybody knowing.
    TestPages.put(fixture.stores.get(1).store, 9, 5, seed(5));
    TestPages.put(fixture.stores.get(1).store, 9, 6, 66);
    TestPages.put(fixture.stores.get(1).store, 9, 900, 1);
    assertThat(fixture.table.isSuspect(1)).isTrue();
    gate.countDown();
    fixture.stores.get(1).comeBack();
    fixture.awaitDrained(0);

    fixture.assertStoresHoldWhatTheTableSays(0, 1);
    assertThat(fixture.table.isSuspect(1)).isFalse();
    assertReads(5);
    assertReads(6);
  }
}
