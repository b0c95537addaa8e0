package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/** A process that had all of its memory here gets sub-hosts, and less memory, while it runs. */
@Timeout(180)
class SpillTest {
  private static final long PAGES = 32_768;
  private static final long LIMIT = 4096;

  private DrainFixture fixture;
  private VerifyingGuest guest;

  @BeforeEach
  void start() throws Exception {
    fixture = new DrainFixture(PAGES, LIMIT, 3);
    guest = new VerifyingGuest(fixture.ram, 2, 11);
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    fixture.close();
  }

  @Test
  void aProcessThatFillsItsMemoryAtThatMomentLosesNothingAndComesWithinItsLimit() throws Exception {
    guest.begin();
    try (MemoryFile ram = MemoryFile.open(fixture.ram)) {
      await()
          .pollInterval(Duration.ofMillis(1))
          .until(() -> new GuestMemory(ram, 0).presentPages() > LIMIT);
    }
    fixture.attach(guest.pid(), 2);
    long before = fixture.pager.budget().resident();
    awaitWithinLimit();
    signal("STOP");
    await().atMost(Duration.ofSeconds(20)).untilAsserted(this::assertTableAndMemoryAgree);
    fixture.awaitNoCopies();
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> fixture.assertStoresHoldWhatTheTableSays(0, 1));
    signal("CONT");

    assertThat(guest.finish()).endsWith("wrong 0");
    assertThat(fixture.broken).isEmpty();
    System.out.printf(
        "%d pages resident at first, %d evicted, %d late writes%n",
        before, fixture.pager.evictions().evicted(), fixture.pager.evictions().lateWrites());
  }

  @Test
  void whatTheProcessWritesAllTheTimeIsWarmWhenItsFirstPagerBegins() throws Exception {
    guest.begin();
    GuestAttachment before = GuestAttachment.attach(guest.pid(), fixture.ram, fixture.table);
    try (WriteWatch watch = WriteWatch.begin(before)) {
      watch.noteHeat();
    } finally {
      before.close();
    }
    long warm = warmPages();
    assertThat(warm).isPositive();
    fixture.table.limitPages(PAGES); // nothing is to cool down yet
    fixture.attach(guest.pid(), 1);
    assertThat(warmPages()).isGreaterThanOrEqualTo(warm);
    assertThat(guest.finish()).endsWith("wrong 0");
  }

  private long warmPages() {
    long warm = 0;
    for (long page = 0; page < PAGES; page++) {
      warm += PageEntry.heat(fixture.table.get(page)) > 0 ? 1 : 0;
    }
    return warm;
  }

  @Test
  void aShareMovesToAnotherSubHostAndComesBackToTheWholeMemoryWhileTheProcessWrites()
      throws Exception {
    guest.begin();
    fixture.attach(guest.pid(), 1);
    await().atMost(Duration.ofSeconds(60)).until(() -> fixture.pager.evictions().evicted() > 8000);
    fixture.pager.subHosts().add(fixture.identity(2, 1), PAGES);
    fixture.pager.drain(0);
    fixture.awaitDrained(0);
    fixture.pager.forget(0);
    assertThat(fixture.stores.get(0).store.status().pages()).isZero();

    fixture.pager.limitPages(PAGES);
    fixture.pager.drain(1);
    fixture.awaitDrained(1);
    fixture.pager.forget(1);
    assertThat(fixture.pager.subHosts().all()).isEmpty();
    assertThat(fixture.stores.get(2).store.status().pages()).isZero();

    // And once more, as a sub-host with a number that was another one's.
    fixture.pager.subHosts().add(fixture.identity(1, 0), PAGES);
    fixture.pager.limitPages(LIMIT);
    awaitWithinLimit();
    assertThat(guest.finish()).endsWith("wrong 0");
    assertThat(fixture.broken).isEmpty();
  }

  private void awaitWithinLimit() {
    await().atMost(Duration.ofSeconds(60)).until(() -> fixture.pager.budget().resident() <= LIMIT);
  }

  /** What is present is resident, and nothing else is. */
  private void assertTableAndMemoryAgree() {
    for (long page = 0; page < PAGES; page++) {
      long entry = fixture.table.get(page);
      assertThat(PageEntry.place(entry) == PageEntry.RESIDENT)
          .as("page %d with entry %x is resident", page, entry)
          .isEqualTo(fixture.attachment.memory().isPresent(page));
    }
  }

  private void signal(String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(guest.pid())).start().waitFor();
  }
}
