package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One sub-host fetches pages from another one, and says what it holds. */
@Timeout(60)
class PullTest {
  private static final Duration ENDS = Duration.ofSeconds(10);
  private static final UUID VM = new UUID(5, 1);
  private static final long PAGES = 2000;

  private StoreServer source;
  private StoreServer target;
  private PageLink link;

  @BeforeEach
  void start() {
    source = new StoreServer(VM, PAGES, "s1");
    target = new StoreServer(VM, PAGES, "s2");
    target.neighbours.put("s1", source.address());
    link = target.link();
  }

  @AfterEach
  void close() {
    link.close();
    source.close();
    target.close();
  }

  private static PageBatch wanted(long first, int count) {
    PageBatch batch = new PageBatch();
    for (long page = first; page < first + count; page++) {
      batch.add(page, TestPages.checksum(page), 0);
    }
    return batch;
  }

  private void refused(ErrorCode code, String message, PageBatch pages, String from) {
    assertThatThrownBy(() -> link.pull(pages, from))
        .isInstanceOfSatisfying(
            PageLinkException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.isLost()).isFalse();
            })
        .hasMessageContaining(message);
    assertThat(target.store.status().pages()).isZero();
    assertThat(target.pool.slotsInUse()).isZero();
  }

  @Test
  void pagesComeStraightFromTheOtherHostAndStayThere() {
    for (long page = 0; page < 256; page++) {
      TestPages.put(source.store, 1, page, page + 1);
    }
    PageBatch batch = new PageBatch();
    for (long page = 0; page < 256; page++) {
      batch.add(page, TestPages.checksum(page + 1), 0);
    }
    link.pull(batch, "s1");

    for (int i = 0; i < 256; i++) {
      assertThat(batch.flags(i)).isZero();
      assertThat(batch.checksum(i)).isEqualTo(TestPages.checksum(i + 1));
      assertThat(TestPages.look(target.store, i, i + 1)).isEqualTo("right");
      assertThat(TestPages.look(source.store, i, i + 1)).isEqualTo("right");
    }
    assertThat(target.pool.chargedPages()).isEqualTo(256);
    assertThat(target.pool.slotsInUse()).isEqualTo(256);
  }

  @Test
  void aPageThatIsHeldAlreadyIsLeftAsItIsWhateverItsContents() {
    TestPages.put(source.store, 1, 4, 4);
    TestPages.put(source.store, 1, 5, 5);
    TestPages.put(target.store, 1, 4, 4);
    TestPages.put(target.store, 1, 5, 77);
    long gets = source.store.status().gets();
    PageBatch batch = wanted(4, 2);
    link.pull(batch, "s1");

    assertThat(source.store.status().gets()).isEqualTo(gets);
    assertThat(batch.checksum(0)).isEqualTo(TestPages.checksum(4));
    assertThat(batch.checksum(1)).isEqualTo(TestPages.checksum(77));
    assertThat(TestPages.look(target.store, 5, 77)).isEqualTo("right");
  }

  @Test
  void whatTheOtherHostDoesNotHaveOrHasOtherwiseIsAnsweredAsAbsent() {
    TestPages.put(source.store, 1, 4, 99);
    TestPages.put(source.store, 1, 5, 5);
    TestPages.put(source.store, 1, 6, 0);
    PageBatch batch = wanted(3, 4);
    batch.found(3, PageChecksum.ZERO_PAGE, 0);
    link.pull(batch, "s1");

    assertThat(PageFlags.isAbsent(batch.flags(0))).isTrue();
    assertThat(PageFlags.isAbsent(batch.flags(1))).isTrue();
    assertThat(batch.flags(2)).isZero();
    assertThat(PageFlags.isZero(batch.flags(3))).isTrue();
    assertThat(batch.checksum(3)).isEqualTo(PageChecksum.ZERO_PAGE);
    assertThat(target.store.status().pages()).isEqualTo(1);
    assertThat(target.store.status().zeroPages()).isEqualTo(1);
    assertThat(target.pool.slotsInUse()).isEqualTo(1);
  }

  @Test
  void withoutRoomNothingIsFetched() {
    for (long page = 0; page < 20; page++) {
      TestPages.put(source.store, 1, page, page == 0 ? 50 : page);
    }
    target.store.grantPages(9);
    refused(ErrorCode.CAPACITY, "no room", wanted(1, 10), "s1");

    assertThat(source.store.status().gets()).isZero();
    PageBatch fits = wanted(1, 9);
    link.pull(fits, "s1");
    assertThat(target.store.status().pages()).isEqualTo(9);
  }

  @Test
  void aHostThatIsUnknownOrAwayOrHasNothingOfTheVmIsNamed() {
    refused(ErrorCode.REFUSED, "no host named s9", wanted(1, 2), "s9");
    refused(ErrorCode.REFUSED, "not one", wanted(1, 2), "../x");
    target.neighbours.put("s3", new InetSocketAddress("127.0.0.1", 1));
    refused(ErrorCode.REFUSED, "host s3", wanted(1, 2), "s3");
    PageStore held = source.store;
    source.store = null;
    refused(ErrorCode.REFUSED, "UNKNOWN_VM", wanted(1, 2), "s1");
    source.store = held;
    refused(ErrorCode.REFUSED, "outside", wanted(PAGES - 1, 2), "s1");
  }

  @Test
  void aSourceThatWasLostInBetweenIsAskedAgain() {
    TestPages.put(source.store, 1, 1, 1);
    TestPages.put(source.store, 1, 2, 2);
    link.pull(wanted(1, 1), "s1");
    assertThat(source.server.disconnect(VM).await(ENDS)).isTrue();
    assertThatThrownBy(() -> link.pull(wanted(2, 1), "s1"))
        .isInstanceOfSatisfying(
            PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
    link.pull(wanted(2, 1), "s1");

    assertThat(TestPages.look(target.store, 2, 2)).isEqualTo("right");
  }

  @Test
  void aPullOfAnOlderEpochIsRefused() {
    TestPages.put(source.store, 1, 1, 1);
    target.store.admit(2);
    refused(ErrorCode.STALE_EPOCH, "epoch 2", wanted(1, 1), "s1");
  }

  @Test
  void whatAHostHoldsIsListedInParts() {
    List<Long> stored = new ArrayList<>();
    for (long page = 3; page < PAGES; page += 7) {
      TestPages.put(target.store, 1, page, page % 2 == 0 ? 0 : page);
      stored.add(page);
    }
    List<Long> listed = new ArrayList<>();
    PageBatch part = new PageBatch();
    long next = 0;
    do {
      next = link.list(next, 50, part);
      for (int i = 0; i < part.size(); i++) {
        long page = part.page(i);
        listed.add(page);
        assertThat(PageFlags.isZero(part.flags(i))).isEqualTo(page % 2 == 0);
        assertThat(part.checksum(i))
            .isEqualTo(page % 2 == 0 ? PageChecksum.ZERO_PAGE : TestPages.checksum(page));
      }
    } while (next != 0);
    assertThat(listed).isEqualTo(stored);
    assertThat(link.list(PAGES - 1, 5, part)).isZero();
    assertThat(part.size()).isZero();
  }
}
