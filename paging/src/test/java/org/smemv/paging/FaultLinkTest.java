package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More pages are waited for than requests may be under way. */
@Timeout(30)
class FaultLinkTest {
  private static final UUID VM = new UUID(4, 6);
  private static final long PAGES = 3 * FaultLink.SLOTS + 100;

  private StoreServer sub;
  private FaultLink link;

  @BeforeEach
  void connect() {
    sub = new StoreServer(VM, PAGES);
    for (long page = 0; page < PAGES; page++) {
      TestPages.put(sub.store, 1, page, page + 1);
    }
    link =
        new FaultLink(
            0,
            1,
            PageLink.open(
                new LinkTarget(
                    sub.address(), VM, 1, TrafficClass.FAULT, 0, "main", Duration.ofSeconds(5))));
  }

  @AfterEach
  void close() {
    link.close();
    sub.close();
  }

  private static final class Arrived implements FaultLink.Answers {
    final List<Long> pages = new ArrayList<>();

    @Override
    public void contents(
        FaultLink from, long page, int checksum, MemorySegment memory, long at, long started) {
      assertThat(started).isEqualTo(1000 + page);
      assertThat(PageChecksum.of(memory, at)).isEqualTo(TestPages.checksum(page + 1));
      pages.add(page);
    }

    @Override
    public void zeros(FaultLink from, long page, boolean givenUp, long started) {
      throw new AssertionError("page " + page + " came as zeros");
    }

    @Override
    public void missing(FaultLink from, long page, String why) {
      throw new AssertionError("page " + page + " is missing: " + why);
    }
  }

  private void requestAll() {
    for (long page = 0; page < PAGES; page++) {
      link.request(page, 1000 + page);
      assertThat(link.underWay()).isLessThanOrEqualTo(FaultLink.SLOTS);
    }
  }

  @Test
  void aPageThatFoundNoSlotIsAskedForAsSoonAsOneIsFree() {
    requestAll();
    Arrived arrived = new Arrived();
    while (arrived.pages.size() < PAGES) {
      // Whatever is not here yet is on its way: nobody has to look at it again.
      assertThat(link.underWay()).isPositive();
      if (link.receive(arrived) == 0) {
        Thread.onSpinWait();
      }
    }

    assertThat(arrived.pages).containsExactlyElementsOf(all());
    assertThat(link.underWay()).isZero();
    link.eachUnderWay(page -> arrived.pages.add(page));
    assertThat(arrived.pages).hasSize((int) PAGES);
  }

  @Test
  void aLostConnectionGivesBackAlsoThePagesThatWaitForASlot() {
    requestAll();
    List<Long> givenBack = new ArrayList<>();
    link.eachUnderWay(givenBack::add);

    assertThat(givenBack).containsExactlyInAnyOrderElementsOf(all());
  }

  private static List<Long> all() {
    return LongStream.range(0, PAGES).boxed().toList();
  }
}
