package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The main host's agent is killed at random instants while a sub-host is drained to another one.
 * {@code -Dsmemv.seed=N} repeats the choices.
 */
@Timeout(600)
class DrainCrashTest {
  private static final long PAGES = 4096;
  private static final long SEED = Long.getLong("smemv.seed", 1);
  private static final int ROUNDS = Integer.getInteger("smemv.drain.rounds", 3);

  private DrainFixture fixture;
  private VerifyingGuest guest;
  private int epoch;

  @BeforeEach
  void start() throws Exception {
    fixture = new DrainFixture(PAGES, PAGES / 4, 2);
    guest = new VerifyingGuest(fixture.ram, 2, SEED);
    for (int i = 0; i < 2; i++) {
      StoreServer store = fixture.stores.get(i);
      // As PagerProcess names them.
      store.neighbours.put("s4", fixture.stores.get(0).address());
      store.neighbours.put("s5", fixture.stores.get(1).address());
      store.between = holder -> new WatchedHolder(holder, DrainCrashTest::readSlowly);
    }
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    fixture.close();
  }

  private PagerProcess startPager() throws Exception {
    Path table = fixture.directory.resolve("table");
    return new PagerProcess(
        guest.pid(),
        fixture.ram,
        table,
        ++epoch,
        List.of(fixture.stores.get(0).address(), fixture.stores.get(1).address()));
  }

  private boolean isEmpty(int host) {
    for (long page = 0; page < PAGES; page++) {
      if (PageEntry.names(fixture.table.get(page), host)) {
        return false;
      }
    }
    PageStore.Status status = fixture.stores.get(host).store.status();
    return status.pages() + status.zeroPages() == 0;
  }

  @Test
  void aDrainIsFinishedHoweverOftenTheAgentIsKilled() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    int kills = 0;
    PagerProcess pager = startPager();
    guest.begin();
    Thread.sleep(2000); // pages find their way out
    for (int round = 0; round < ROUNDS; round++) {
      int leaving = round % 2;
      pager.kill();
      fixture.table.leaving(leaving, true);
      fixture.table.leaving(1 - leaving, false);
      pager = startPager();
      int before = kills;
      while (!isEmpty(leaving) || kills - before < 2) {
        Thread.sleep(random.nextInt(50, 1200));
        assertThat(pager.isAlive()).as("seed %d", SEED).isTrue();
        pager.kill();
        kills++;
        pager = startPager();
      }
    }
    String end = finish();
    pager.close();
    System.out.printf("%s after %d kills (seed %d)%n", end, kills, SEED);
    assertThat(end).endsWith("wrong 0");
  }

  /** The guest stands still until all is where the table says; then it goes on to its end. */
  private String finish() throws Exception {
    signal("STOP");
    fixture.awaitNoCopies();
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> fixture.assertStoresHoldWhatTheTableSays(0, 1));
    signal("CONT");
    return guest.finish();
  }

  private void signal(String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(guest.pid())).start().waitFor();
  }

  /** A sub-host on a slow link: so that a drain lasts longer than an agent lives here. */
  private static void readSlowly(int pages) {
    if (pages > 1) {
      LockSupport.parkNanos(10_000_000);
    }
  }
}
