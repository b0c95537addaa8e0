package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;

/** Where the pages of a sub-host go that is emptied. */
class DrainTest extends Drains {
  @Test
  void pagesAreGatheredWhileThereIsRoom() throws Exception {
    attach(1);
    place(0, 1, 600);
    pager().limitPages(PAGES);
    pager().drain(0);
    fixture.awaitDrained(0);

    assertThat(pager().draining(0).gathered()).isEqualTo(600);
    assertThat(pager().draining(0).bytes()).isEqualTo(600L << 12);
    assertThat(pager().budget().resident()).isEqualTo(600);
    fixture.assertStoresHoldWhatTheTableSays(0);
    for (long page = 1; page <= 600; page += 13) {
      assertReads(page);
    }
    assertThat(pager().faults().remote()).isZero();
  }

  @Test
  void theHottestAreGatheredUpToTheHeadroomAndTheOthersGoToSubHosts() throws Exception {
    attach(2);
    for (long page = 0; page < 900; page++) {
      fixture.place(0, page, seed(page), page % 3 == 0 ? 100 : page % 3 == 1 ? 20 : 0);
    }
    pager().limitPages(1000);
    pager().drain(0);
    fixture.awaitDrained(0);

    // The headroom of 1000 pages is 256.
    assertThat(pager().budget().resident()).isBetween(740L, 744L);
    assertThat(pager().draining(0).relocated()).isBetween(156L, 160L);
    for (long page = 0; page < 900; page++) {
      if (page % 3 != 2) {
        assertThat(PageEntry.place(fixture.table.get(page)))
            .as("page %d", page)
            .isEqualTo(PageEntry.RESIDENT);
      }
    }
    fixture.assertStoresHoldWhatTheTableSays(0, 1);
  }

  @Test
  void whatDoesNotFitHereGoesFromSubHostToSubHost() throws Exception {
    attach(3);
    place(0, 0, 700);
    pager().drain(0);
    fixture.awaitDrained(0);

    DrainProgress progress = pager().draining(0);
    assertThat(progress.gathered()).isZero();
    assertThat(progress.relocated()).isEqualTo(700);
    assertThat(pager().faults().remote()).isZero();
    assertThat(pager().budget().resident()).isZero();
    fixture.assertStoresHoldWhatTheTableSays(0, 1, 2);
    for (long page = 0; page < 200; page += 7) {
      assertReads(page);
    }
  }

  @Test
  void aFaultIsServedWhileItsPageIsBeingGathered() throws Exception {
    gate(0);
    attach(1);
    pager().limitPages(PAGES);
    place(0, 1, 8);
    pager().drain(0);
    await().until(() -> standing.get() > 0);
    assertReads(2);
    assertThat(pager().draining(0).gathered()).isZero();
    gate.countDown();
    fixture.awaitDrained(0);

    assertThat(pager().draining(0).gathered()).isEqualTo(7);
    assertThat(pager().budget().resident()).isEqualTo(8);
    for (long page = 1; page <= 8; page++) {
      assertReads(page);
    }
    assertThat(pager().faults().remote()).isEqualTo(1);
  }

  @Test
  void aFaultIsServedWhileItsPageIsBeingRelocated() throws Exception {
    gate(0);
    attach(2);
    place(0, 1, 20);
    pager().drain(0);
    await().until(() -> standing.get() > 0);
    assertReads(2);
    gate.countDown();
    fixture.awaitDrained(0);

    assertThat(pager().draining(0).relocated()).isEqualTo(19);
    fixture.awaitNoCopies();
    fixture.assertStoresHoldWhatTheTableSays(0, 1);
    for (long page = 1; page <= 20; page++) {
      assertReads(page);
    }
  }

  @Test
  void aSubHostThatIsKeptAfterAllHasWhatWasNotMovedYet() throws Exception {
    gate(0);
    attach(2);
    place(0, 0, 600);
    pager().drain(0);
    await().until(() -> standing.get() > 0);
    pager().stopDraining(0);
    gate.countDown();
    await().until(() -> !pager().subHosts().at(0).leaving());

    assertThat(pager().drained(0)).isFalse();
    assertThat(fixture.table.isLeaving(0)).isFalse();
    assertThat(pager().remaining(0)).isPositive().isLessThanOrEqualTo(600);
    await().until(() -> !fixture.table.isSuspect(0) && !fixture.table.isSuspect(1));
    fixture.assertStoresHoldWhatTheTableSays(0, 1);
    pager().drain(0);
    fixture.awaitDrained(0);
    fixture.assertStoresHoldWhatTheTableSays(0, 1);
  }

  @Test
  void aDrainedSubHostIsForgottenAndItsIndexServesAnother() throws Exception {
    attach(2);
    place(0, 0, 40);
    assertThatThrownBy(() -> pager().forget(0)).hasMessageContaining("not drained");
    pager().drain(0);
    fixture.awaitDrained(0);
    pager().forget(0);
    assertThat(fixture.table.isLeaving(0)).isFalse();
    assertThatThrownBy(() -> pager().drain(0)).isInstanceOf(IllegalArgumentException.class);

    pager().subHosts().add(fixture.identity(2, 0), PAGES);
    fixture.awaitConnected();
    TestPages.put(fixture.stores.get(2).store, 9, 100, seed(100));
    fixture.table.set(100, PageEntry.remote(0, TestPages.checksum(seed(100)), 0));
    pager().subHosts().countUsed(0, 1);
    assertReads(100);
    assertReads(5);
    pager().drain(0);
    fixture.awaitDrained(0);
    fixture.assertStoresHoldWhatTheTableSays(2, 1);
  }

  @Test
  void thePagesOfALeavingSubHostGoOnLeavingUnderTheNextAgentAndLeftoversAreFound()
      throws Exception {
    place(0, 0, 300);
    TestPages.put(fixture.stores.get(1).store, 1, 4, 44);
    TestPages.put(fixture.stores.get(1).store, 1, 5, seed(5));
    TestPages.put(fixture.stores.get(1).store, 1, 1500, 7);
    TestPages.put(fixture.stores.get(0).store, 1, 1600, 8);
    place(1, 400, 10);
    fixture.table.leaving(0, true);
    fixture.table.suspect(1, true);
    attach(2);
    fixture.awaitDrained(0);

    assertThat(pager().draining(0).relocated()).isEqualTo(300);
    fixture.assertStoresHoldWhatTheTableSays(0, 1);
    assertReads(4);
    assertReads(5);
  }

  @Test
  void aMainHostThatOnlyReadsGathersAndDropsNothingUntilItTakesOver() throws Exception {
    place(0, 0, 300);
    fixture.table.limitPages(PAGES);
    fixture.skipEpochs(4);
    fixture.attachReading(guest.pid(), 2);
    assertReads(7);
    pager().drain(0);
    await().until(() -> pager().draining(0).gathered() == 299);
    assertThat(fixture.stores.get(0).store.status().pages()).isEqualTo(300);
    assertThat(fixture.stores.get(0).store.status().drops()).isZero();
    assertThat(pager().drained(0)).isFalse();
    // The main host before is not fenced off.
    assertThat(fixture.stores.get(0).store.status().epoch()).isEqualTo(1);

    pager().subHosts().takeOver();
    pager().keepWithinLimit();
    fixture.awaitDrained(0);
    fixture.assertStoresHoldWhatTheTableSays(0, 1);
    assertReads(8);
  }

  @Test
  void twoSubHostsThatAreDrainedAtOnceEndOnTheThird() throws Exception {
    attach(3);
    place(0, 0, 500);
    place(1, 500, 500);
    pager().drain(0);
    pager().drain(1);
    pager().drain(1);
    fixture.awaitDrained(0);
    fixture.awaitDrained(1);

    assertThat(pager().remaining(2)).isEqualTo(1000);
    fixture.assertStoresHoldWhatTheTableSays(0, 1, 2);
  }
}
