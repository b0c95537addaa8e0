package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Sub-hosts come, go and are emptied while a process with a part of its memory writes and verifies
 * all of it. {@code -Dsmemv.seed=N} repeats the random choices.
 */
@Timeout(600)
class DrainUnderLoadTest {
  private static final Duration ENDS = Duration.ofSeconds(10);
  private static final long PAGES = 4096;
  private static final long LIMIT = 1024;
  private static final long SEED = Long.getLong("smemv.seed", 1);
  private static final int STEPS = Integer.getInteger("smemv.drain.steps", 40);

  private DrainFixture fixture;
  private VerifyingGuest guest;

  @BeforeEach
  void start() throws Exception {
    fixture = new DrainFixture(PAGES, LIMIT, 4);
    guest = new VerifyingGuest(fixture.ram, 2, SEED);
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    fixture.close();
  }

  private GuestPager pager() {
    return fixture.pager;
  }

  private void load(int subHosts) throws Exception {
    fixture.attach(guest.pid(), subHosts);
    guest.begin();
    await().atMost(Duration.ofSeconds(30)).until(() -> pager().evictions().evicted() > 3000);
  }

  /** The guest stands still and everything settles; then all is where the table says. */
  private void assertAllIsInPlace(int... storeOf) throws Exception {
    signal("STOP");
    fixture.awaitNoCopies();
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> fixture.assertStoresHoldWhatTheTableSays(storeOf));
    signal("CONT");
  }

  private void signal(String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(guest.pid())).start().waitFor();
  }

  private void assertNothingIsWrong() throws Exception {
    String end = guest.finish();
    System.out.printf(
        "%s; remote %d refused %d; evicted %d late %d dropped %d failures %d; p50 %d us p99 %d us%n",
        end,
        pager().faults().remote(),
        pager().faults().refused(),
        pager().evictions().evicted(),
        pager().evictions().lateWrites(),
        pager().evictions().dropped(),
        pager().evictions().failures(),
        pager().faults().latency().getValueAtPercentile(50) / 1000,
        pager().faults().latency().getValueAtPercentile(99) / 1000);
    assertThat(end).endsWith("wrong 0");
    assertThat(fixture.broken).isEmpty();
  }

  @Test
  void aSubHostIsGatheredUnderAWritingAndVerifyingProcess() throws Exception {
    load(1);
    pager().limitPages(PAGES);
    pager().drain(0);
    fixture.awaitDrained(0);
    System.out.println(pager().draining(0));
    assertAllIsInPlace(0);

    assertThat(fixture.stores.get(0).store.status().pages()).isZero();
    assertThat(pager().draining(0).gathered()).isPositive();
    assertThat(pager().draining(0).relocated()).isZero();
    assertNothingIsWrong();
  }

  @Test
  void aSubHostIsRelocatedUnderAWritingAndVerifyingProcess() throws Exception {
    load(1);
    pager().subHosts().add(fixture.identity(1, 1), PAGES);
    pager().subHosts().add(fixture.identity(2, 2), PAGES);
    fixture.awaitConnected();
    pager().drain(0);
    fixture.awaitDrained(0);
    System.out.println(pager().draining(0));
    assertAllIsInPlace(0, 1, 2);

    assertThat(fixture.stores.get(0).store.status().pages()).isZero();
    assertThat(pager().draining(0).relocated()).isPositive();
    assertThat(pager().budget().resident()).isLessThanOrEqualTo(LIMIT);
    assertNothingIsWrong();
  }

  @Test
  void pagesGoRoundAndRoundBetweenHostsAndNothingIsLost() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    List<Integer> free = new ArrayList<>(List.of(2, 3));
    int[] storeOf = {0, 1, -1, -1};
    load(2);
    for (int step = 0; step < STEPS; step++) {
      String did = step(random, free, storeOf);
      assertThat(fixture.broken).as("seed %d step %d: %s", SEED, step, did).isEmpty();
      Thread.sleep(random.nextInt(120)); // so that steps meet what is under way at any point
    }
    pager().limitPages(LIMIT);
    for (int index = 0; index < storeOf.length; index++) {
      SubHost host = pager().subHosts().at(index);
      if (host != null && host.leaving()) {
        fixture.awaitDrained(index);
        forget(index, free, storeOf);
      }
    }
    System.out.println("seed " + SEED);
    assertAllIsInPlace(present(storeOf));
    for (int store : free) {
      PageStore.Status status = fixture.stores.get(store).store.status();
      assertThat(status.pages() + status.zeroPages()).as("store %d", store).isZero();
    }
    assertNothingIsWrong();
  }

  private String step(SplittableRandom random, List<Integer> free, int[] storeOf) {
    int index = random.nextInt(storeOf.length);
    SubHost host = pager().subHosts().at(index);
    switch (random.nextInt(7)) {
      case 0, 1 -> {
        if (host != null && staying() > 1 && !host.leaving()) {
          pager().drain(index);
          return "drain " + index;
        }
      }
      case 2 -> {
        if (host != null && host.leaving()) {
          fixture.awaitDrained(index);
          forget(index, free, storeOf);
          return "forget " + index;
        }
      }
      case 3 -> {
        if (host == null && !free.isEmpty()) {
          storeOf[index] = free.removeFirst();
          pager().subHosts().add(fixture.identity(storeOf[index], index), PAGES);
          return "add store " + storeOf[index] + " as " + index;
        }
      }
      case 4 -> {
        long limit = 700L + random.nextInt(1800);
        pager().limitPages(limit);
        return "limit " + limit;
      }
      case 5 -> {
        int store = random.nextInt(fixture.stores.size());
        boolean ignored = fixture.stores.get(store).server.disconnect(DrainFixture.VM).await(ENDS);
        return "disconnect store " + store;
      }
      default -> {
        if (host != null && host.leaving()) {
          pager().stopDraining(index);
          await()
              .atMost(Duration.ofSeconds(30))
              .until(() -> !host.leaving() || pager().drained(index));
          return "keep " + index;
        }
      }
    }
    return "nothing";
  }

  private long staying() {
    return pager().subHosts().all().stream().filter(host -> !host.leaving()).count();
  }

  private void forget(int index, List<Integer> free, int[] storeOf) {
    pager().forget(index);
    free.add(storeOf[index]);
    storeOf[index] = -1;
  }

  /** Stores by index; an index without a sub-host counts as a store that is empty. */
  private int[] present(int[] storeOf) {
    int[] present = storeOf.clone();
    int empty = -1;
    for (int store = 0; store < fixture.stores.size(); store++) {
      int candidate = store;
      if (java.util.Arrays.stream(storeOf).noneMatch(used -> used == candidate)) {
        empty = candidate;
      }
    }
    for (int i = 0; i < present.length; i++) {
      present[i] = present[i] < 0 ? empty : present[i];
    }
    return present;
  }
}
