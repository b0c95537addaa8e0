package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of pages that were pulled, whatever happened to them meanwhile. */
@Timeout(60)
class RelocationSettlementTest {
  private static final UUID VM = new UUID(5, 2);
  private static final long PAGES = 100;
  private static final int SOURCE = 0;
  private static final int TARGET = 1;

  @TempDir Path directory;
  private StoreServer source;
  private StoreServer target;
  private PageTable table;
  private SubHosts hosts;
  private Leftovers leftovers;
  private RelocationSettlement settlement;
  private final DrainCounters counters = new DrainCounters();
  private final PulledPages pulled = new PulledPages();

  @BeforeEach
  void start() {
    source = new StoreServer(VM, PAGES, "s0");
    target = new StoreServer(VM, PAGES, "s1");
    table = PageTable.create(directory.resolve("table"), VM, PAGES);
    hosts = new SubHosts(VM, 1, "main");
    hosts.add(new SubHost.Identity(SOURCE, "s0", source.address()), PAGES);
    hosts.add(new SubHost.Identity(TARGET, "s1", target.address()), PAGES);
    hosts.start(FaultLink::close, () -> {});
    await().until(() -> hosts.all().stream().allMatch(SubHost::stores));
    hosts.at(SOURCE).leaving(true);
    leftovers = new Leftovers(table);
    settlement = new RelocationSettlement(table, hosts, leftovers);
    pulled.source = SOURCE;
    pulled.target = TARGET;
    pulled.targetHost = hosts.at(TARGET);
  }

  @AfterEach
  void close() throws Exception {
    hosts.close();
    table.close();
    Files.delete(directory.resolve("table"));
    source.close();
    target.close();
  }

  private static long at(int host, long seed) {
    return PageEntry.remote(host, TestPages.checksum(seed), 3);
  }

  /** A page that was at the source when it was asked for. */
  private void asked(long page) {
    TestPages.put(source.store, 1, page, page);
    hosts.countUsed(SOURCE, 1);
    table.set(page, at(SOURCE, page));
    pulled.pages[pulled.count] = page;
    pulled.seen[pulled.count] = at(SOURCE, page);
    pulled.count++;
  }

  /** The target answers what it has now. */
  private void answered() {
    assertThat(leftovers.beginPull(TARGET)).isTrue();
    hosts.countUsed(TARGET, pulled.count);
    pulled.ask();
    target.store.look(pulled.answer);
  }

  private void settle() {
    settlement.settle(pulled, counters);
  }

  private String atSource(long page) {
    return TestPages.look(source.store, page, page);
  }

  private long used(int host) {
    return hosts.at(host).usedPages();
  }

  @Test
  void aPageThatArrivedBelongsToTheTargetAndTheSourceForgetsIt() {
    asked(7);
    asked(8);
    TestPages.put(target.store, 1, 7, 7);
    TestPages.put(target.store, 1, 8, 8);
    answered();
    settle();

    assertThat(table.get(7)).isEqualTo(at(TARGET, 7));
    assertThat(table.get(8)).isEqualTo(at(TARGET, 8));
    assertThat(atSource(7)).isEqualTo("absent");
    assertThat(TestPages.look(target.store, 8, 8)).isEqualTo("right");
    assertThat(counters.relocated()).isEqualTo(2);
    assertThat(used(SOURCE)).isZero();
    assertThat(used(TARGET)).isEqualTo(2);
    assertThat(table.isSuspect(TARGET)).isFalse();
  }

  @Test
  void aPageThatCameToTheMainHostMeanwhileIsDroppedAtTheTargetAndKeptWhereItWas() {
    asked(7);
    TestPages.put(target.store, 1, 7, 7);
    answered();
    long here = PageEntry.residentWithCopy(SOURCE, TestPages.checksum(7), 32);
    table.set(7, here);
    settle();

    assertThat(table.get(7)).isEqualTo(here);
    assertThat(TestPages.look(target.store, 7, 7)).isEqualTo("absent");
    assertThat(atSource(7)).isEqualTo("right");
    assertThat(used(SOURCE)).isEqualTo(1);
    assertThat(used(TARGET)).isZero();
  }

  @Test
  void aPageThatIsBeingFetchedIsDroppedAtTheTarget() {
    asked(7);
    TestPages.put(target.store, 1, 7, 7);
    answered();
    table.set(7, at(SOURCE, 7) | PageEntry.FETCHING);
    settle();

    assertThat(table.get(7)).isEqualTo(at(SOURCE, 7) | PageEntry.FETCHING);
    assertThat(TestPages.look(target.store, 7, 7)).isEqualTo("absent");
    assertThat(atSource(7)).isEqualTo("right");
  }

  @Test
  void aPageThatWasEvictedToTheTargetAfterThePullIsNotDropped() {
    asked(7);
    TestPages.put(target.store, 1, 7, 7);
    answered();
    TestPages.put(target.store, 1, 7, 70);
    hosts.countUsed(TARGET, 1);
    hosts.countUsed(SOURCE, -1);
    table.set(7, at(TARGET, 70));
    settle();

    assertThat(table.get(7)).isEqualTo(at(TARGET, 70));
    assertThat(TestPages.look(target.store, 7, 70)).isEqualTo("right");
    assertThat(used(TARGET)).isEqualTo(1);
  }

  @Test
  void aPageThatWasEvictedToTheTargetBeforeThePullIsNotDropped() {
    asked(7);
    TestPages.put(target.store, 1, 7, 70);
    hosts.countUsed(TARGET, 1);
    hosts.countUsed(SOURCE, -1);
    answered();
    table.set(7, at(TARGET, 70) | PageEntry.EVICTING);
    settle();

    assertThat(table.get(7)).isEqualTo(at(TARGET, 70) | PageEntry.EVICTING);
    assertThat(TestPages.look(target.store, 7, 70)).isEqualTo("right");
    assertThat(used(TARGET)).isEqualTo(1);
  }

  @Test
  void aCopyAtTheTargetThatAnEntryNamesIsLeftToItsMark() {
    asked(7);
    TestPages.put(target.store, 1, 7, 7);
    answered();
    hosts.countUsed(TARGET, 1);
    hosts.countUsed(SOURCE, -1);
    table.set(7, PageEntry.residentWithCopy(TARGET, TestPages.checksum(7), 0));
    settle();

    assertThat(TestPages.look(target.store, 7, 7)).isEqualTo("right");
    assertThat(used(TARGET)).isEqualTo(1);
  }

  @Test
  void otherContentsAtTheTargetAreDroppedSoThatTheNextPullFetchesThePage() {
    asked(7);
    TestPages.put(target.store, 1, 7, 99);
    answered();
    settle();

    assertThat(table.get(7)).isEqualTo(at(SOURCE, 7));
    assertThat(TestPages.look(target.store, 7, 99)).isEqualTo("absent");
    assertThat(atSource(7)).isEqualTo("right");
    assertThat(used(TARGET)).isZero();
  }

  @Test
  void aPageThatTheSourceDoesNotHaveIsNamed() {
    asked(7);
    answered();
    settle();

    assertThat(counters.stalled()).contains("page 7");
    assertThat(table.get(7)).isEqualTo(at(SOURCE, 7));
    assertThat(used(TARGET)).isZero();
  }

  @Test
  void nothingBelongsToATargetThatIsLeavingItself() {
    asked(7);
    TestPages.put(target.store, 1, 7, 7);
    answered();
    hosts.at(TARGET).leaving(true);
    settle();

    assertThat(table.get(7)).isEqualTo(at(SOURCE, 7));
    assertThat(TestPages.look(target.store, 7, 7)).isEqualTo("absent");
    assertThat(used(TARGET)).isZero();
  }

  @Test
  void anotherHostThatGotTheIndexOfTheTargetGetsNothing() {
    asked(7);
    TestPages.put(target.store, 1, 7, 7);
    answered();
    hosts.forget(TARGET).close();
    hosts.add(new SubHost.Identity(TARGET, "s2", target.address()), PAGES);
    settle();

    assertThat(table.get(7)).isEqualTo(at(SOURCE, 7));
    assertThat(atSource(7)).isEqualTo("right");
    assertThat(used(TARGET)).isZero();
  }

  @Test
  void whatCannotBeDroppedAtTheTargetNowIsFoundByLookingThroughIt() {
    asked(7);
    TestPages.put(target.store, 1, 7, 7);
    TestPages.put(target.store, 1, 9, 9);
    table.set(9, at(TARGET, 9));
    hosts.countUsed(TARGET, 1);
    answered();
    table.set(7, PageEntry.resident(1));
    target.goAway();
    settle();
    assertThat(table.isSuspect(TARGET)).isTrue();
    assertThat(leftovers.mayPull(TARGET)).isFalse();
    assertThat(used(TARGET)).isEqualTo(2);

    target.comeBack();
    LeftoverSweep sweep = new LeftoverSweep(table, hosts, leftovers);
    await()
        .untilAsserted(
            () -> {
              boolean ignored = sweep.sweepSome();
              assertThat(table.isSuspect(TARGET)).isFalse();
            });
    assertThat(TestPages.look(target.store, 7, 7)).isEqualTo("absent");
    assertThat(TestPages.look(target.store, 9, 9)).isEqualTo("right");
    assertThat(used(TARGET)).isEqualTo(1);
    assertThat(leftovers.mayPull(TARGET)).isTrue();
  }

  @Test
  void aHostIsNotLookedThroughWhileAPullToItIsUnderWay() {
    TestPages.put(target.store, 1, 5, 5);
    assertThat(leftovers.beginPull(TARGET)).isTrue();
    leftovers.suspect(TARGET);
    LeftoverSweep sweep = new LeftoverSweep(table, hosts, leftovers);
    assertThat(sweep.sweepSome()).isFalse();
    assertThat(TestPages.look(target.store, 5, 5)).isEqualTo("right");
    assertThat(leftovers.beginPull(TARGET)).isFalse();

    leftovers.endPull(TARGET, 0);
    assertThat(sweep.sweepSome()).isTrue();
    assertThat(TestPages.look(target.store, 5, 5)).isEqualTo("absent");
    assertThat(leftovers.beginPull(TARGET)).isTrue();
  }
}
