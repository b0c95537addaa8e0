package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smemv.paging.ServerFixture.VM;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Frames that are right, over real sockets. */
@Timeout(60)
class PageServerTest {
  private static final Duration ENDS = Duration.ofSeconds(10);
  private final ServerFixture fixture = new ServerFixture();
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    fixture.close();
    arena.close();
  }

  /** Sends pages first..first+count-1, whose seeds are page + salt; every 5th is zero. */
  private void put(PageLink link, long first, int count, long salt, int framePages, int frames) {
    MemorySegment page = arena.allocate(4096, 8);
    PageSendWindow window = new PageSendWindow(link, framePages, frames);
    List<MemorySegment> kept = new ArrayList<>();
    for (long number = first; number < first + count; number++) {
      if (number % 5 == 0) {
        window.putZero(number, 0);
      } else {
        page = arena.allocate(4096, 8);
        kept.add(page);
        TestPages.fill(page.address(), number + salt);
        window.put(number, page.address(), PageChecksum.of(page, 0), 7);
      }
    }
    window.drain();
    assertThat(window.pagesAcknowledged()).isEqualTo(count);
  }

  private void assertPages(PageLink link, long first, int count, long salt) {
    MemorySegment into = arena.allocate(256 * 4096, 4096);
    PageBatch batch = new PageBatch();
    for (long number = first; number < first + count; number++) {
      batch.add(number);
      if (batch.room() == 0 || number == first + count - 1) {
        link.get(batch, into);
        for (int i = 0; i < batch.size(); i++) {
          long page = batch.page(i);
          assertThat(PageFlags.isZero(batch.flags(i))).isEqualTo(page % 5 == 0);
          assertThat(page % 5 == 0 || TestPages.matches(batch.address(i), page + salt))
              .as("page %d", page)
              .isTrue();
        }
        batch.clear();
      }
    }
  }

  @Test
  void pagesComeBackAsTheyWereSentInFramesOfAnySize() {
    try (PageLink bulk = fixture.link(TrafficClass.BULK);
        PageLink fault = fixture.link(TrafficClass.FAULT)) {
      int[] sizes = {1, 2, 3, 17, 64, 255, 256};
      for (int i = 0; i < sizes.length; i++) {
        put(bulk, i * 600L, 600, i, sizes[i], 4);
      }
      for (int i = 0; i < sizes.length; i++) {
        assertPages(fault, i * 600L, 600, i);
      }
      assertThat(bulk.hostName()).isEqualTo("h2");
      assertThat(fixture.store().status().puts()).isEqualTo(600L * sizes.length);
      assertThat(bulk.bytesSent()).isGreaterThan(600L * sizes.length * 4 / 5 * 4096);
      assertThat(bulk.framesSent()).isEqualTo(bulk.framesReceived());
    }
  }

  @Test
  void anAbsentPageIsAnsweredAsAbsent() {
    try (PageLink bulk = fixture.link(TrafficClass.BULK);
        PageLink link = fixture.link(TrafficClass.FAULT)) {
      put(bulk, 1, 1, 0, 1, 1);
      PageBatch batch = new PageBatch();
      batch.add(1);
      batch.add(999);
      link.get(batch, arena.allocate(8192));
      assertThat(PageFlags.isAbsent(batch.flags(0))).isFalse();
      assertThat(PageFlags.isAbsent(batch.flags(1))).isTrue();
    }
  }

  @Test
  void manyRequestsAtOnceAreAnsweredInOrder() {
    try (PageLink bulk = fixture.link(TrafficClass.BULK);
        PageLink link = fixture.link(TrafficClass.PREFETCH)) {
      put(bulk, 0, 500, 3, 256, 2);
      Random random = new Random(3);
      List<PageBatch> asked = new ArrayList<>();
      for (int round = 0; round < 40; round++) {
        asked.clear();
        for (int i = 0; i < PageLink.REQUESTS_MAX; i++) {
          PageBatch batch = new PageBatch();
          int size = random.nextInt(10) == 0 ? 1 + random.nextInt(100) : 1;
          for (int j = 0; j < size; j++) {
            batch.add(random.nextInt(500), 0, 0, arena.allocate(4096, 8).address());
          }
          asked.add(batch);
          link.requestPages(batch);
        }
        for (PageBatch batch : asked) {
          link.receivePages(batch);
          for (int i = 0; i < batch.size(); i++) {
            long page = batch.page(i);
            assertThat(page % 5 == 0 || TestPages.matches(batch.address(i), page + 3)).isTrue();
          }
        }
      }
      assertThat(link.underWay()).isZero();
      assertThat(link.hasBuffered()).isFalse();
    }
  }

  @Test
  void droppedPagesAreAbsentAndGiveTheirRoomBack() {
    try (PageLink link = fixture.link(TrafficClass.BULK)) {
      put(link, 1, 100, 0, 64, 2);
      PageBatch batch = new PageBatch();
      for (long page = 1; page <= 100; page++) {
        batch.add(page);
      }
      link.drop(batch);
      assertThat(fixture.pool.chargedPages()).isZero();
      PageSendWindow window = new PageSendWindow(link, 2, 2);
      window.drop(1);
      window.drop(2);
      window.drop(3);
      window.putZero(4, 0);
      window.drain();
      assertThat(window.pagesAcknowledged()).isEqualTo(4);
      assertThat(fixture.store().status().zeroPages()).isEqualTo(1);
    }
  }

  @Test
  void twoClientsWorkOnTheSameVmAtOnce() throws Exception {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int lane = 0; lane < 2; lane++) {
      int mine = lane;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try (PageLink link =
                        PageLink.open(fixture.target(TrafficClass.BULK, 1, mine))) {
                      for (int round = 0; round < 5; round++) {
                        put(link, mine * 1000L, 1000, round, 100, 3);
                        assertPages(link, mine * 1000L, 1000, round);
                      }
                    } catch (Throwable e) {
                      failure.set(e);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failure.get()).isNull();
    assertThat(fixture.pool.chargedPages()).isEqualTo(1600);
  }

  @Test
  void manyVmsKeepTheirPagesApart() {
    List<PageLink> links = new ArrayList<>();
    for (int vm = 1; vm <= 20; vm++) {
      UUID id = new UUID(7, vm);
      fixture.holders.put(id, new PageStore(id, fixture.pool, 1000, 100, 1));
      PageLink link =
          PageLink.open(
              new LinkTarget(
                  fixture.server.address(),
                  id,
                  1,
                  TrafficClass.BULK,
                  0,
                  "h1",
                  ServerFixture.TIMEOUT));
      put(link, 0, 100, vm, 30, 2);
      links.add(link);
    }
    for (int vm = 1; vm <= 20; vm++) {
      assertPages(links.get(vm - 1), 0, 100, vm);
    }
    assertThat(fixture.server.connections()).isEqualTo(20);
    links.forEach(PageLink::close);
  }

  @Test
  void aControlRequestIsAnsweredAndItsRefusalKeepsTheConnection() {
    LinkTarget target = LinkTarget.control(fixture.server.address(), "h1", ServerFixture.TIMEOUT);
    try (PageLink link = PageLink.open(target);
        PageLink other = PageLink.open(target)) {
      assertThat(link.control("hello".getBytes(StandardCharsets.UTF_8)))
          .asString()
          .isEqualTo("HELLO");
      byte[] large = "x".repeat(1_500_000).getBytes(StandardCharsets.UTF_8);
      assertThat(link.control(large)).hasSize(large.length).contains('X').doesNotContain('x');
      assertThatThrownBy(() -> link.control("no".getBytes(StandardCharsets.UTF_8)))
          .isInstanceOfSatisfying(
              PageLinkException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.REFUSED);
                assertThat(e.isLost()).isFalse();
                assertThat(e.peer()).isEqualTo(fixture.server.address());
              })
          .hasMessageContaining("no means no");
      assertThatThrownBy(() -> link.control("big".getBytes(StandardCharsets.UTF_8)))
          .isInstanceOfSatisfying(
              PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL));
      assertThat(link.control(new byte[0])).isEmpty();
      assertThat(other.control("two".getBytes(StandardCharsets.UTF_8))).asString().isEqualTo("TWO");
      assertThatThrownBy(() -> other.control("bug".getBytes(StandardCharsets.UTF_8)))
          .isInstanceOfSatisfying(
              PageLinkException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL);
                assertThat(e.isLost()).isTrue();
              });
    }
  }

  @Test
  void aDeviceStreamReachesItsSinkAndIsConfirmed() {
    try (PageLink link = fixture.link(TrafficClass.BODY)) {
      MemorySegment text = arena.allocateFrom("x".repeat(100_000));
      link.sendBody(text.asSlice(0, 10).asByteBuffer());
      link.sendBody(text.asSlice(10, 99_990).asByteBuffer());
      link.endBody();
      assertThat(fixture.body.toString()).isEqualTo("x".repeat(100_000) + ".");
    }
  }

  @Test
  void aDeviceStreamThatBreaksOffIsAborted() throws Exception {
    PageLink link = fixture.link(TrafficClass.BODY);
    link.sendBody(arena.allocateFrom("abc").asSlice(0, 3).asByteBuffer());
    link.close();
    fixture.bodyOver.await();
    assertThat(fixture.body.toString()).isEqualTo("abc!");
  }

  @Test
  void aNewConnectionOfTheSameHostEndsTheOneBefore() {
    try (PageLink first = fixture.link(TrafficClass.BULK);
        PageLink otherLane = PageLink.open(fixture.target(TrafficClass.BULK, 1, 1));
        PageLink otherClass = fixture.link(TrafficClass.FAULT);
        PageLink second = fixture.link(TrafficClass.BULK)) {
      assertThat(fixture.server.connections()).isEqualTo(3);
      PageBatch batch = new PageBatch();
      batch.add(1);
      for (PageLink link : List.of(second, otherLane, otherClass)) {
        link.get(batch, arena.allocate(4096));
      }
      assertThatThrownBy(() -> first.get(batch, arena.allocate(4096)))
          .isInstanceOfSatisfying(PageLinkException.class, e -> assertThat(e.isLost()).isTrue());
    }
  }

  @Test
  void theServerEndsAllConnectionsForAVmOnDemand() {
    try (PageLink link = fixture.link(TrafficClass.BULK)) {
      assertThat(fixture.server.disconnect(new UUID(9, 9)).await(ENDS)).isTrue();
      assertThat(fixture.server.connections()).isEqualTo(1);
      assertThat(fixture.server.disconnect(VM).await(ENDS)).isTrue();
      PageBatch batch = new PageBatch();
      batch.add(1);
      assertThatThrownBy(() -> link.get(batch, arena.allocate(4096)))
          .isInstanceOf(PageLinkException.class);
    }
  }
}
