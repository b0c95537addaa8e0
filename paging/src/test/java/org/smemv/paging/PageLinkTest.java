package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smemv.paging.ServerFixture.VM;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.IoVector;
import org.smemv.linux.TcpClosedException;
import org.smemv.linux.TcpListener;
import org.smemv.linux.TcpSocket;

/** The client against hosts that misbehave. */
@Timeout(60)
class PageLinkTest {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment page = arena.allocate(4096, 8);
  private final TcpListener listener = TcpListener.bind(new InetSocketAddress("127.0.0.1", 0), 4);
  private Thread host;

  @AfterEach
  void close() throws Exception {
    listener.shutdown();
    if (host != null) {
      host.join();
    }
    listener.close();
    arena.close();
  }

  /** A host that welcomes and then, for each request, answers by {@code answer}. */
  private PageLink linkTo(Consumer<FakeHost> answer, int timeoutMillis) {
    host =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (TcpSocket socket = listener.accept();
                      Arena own = Arena.ofConfined()) {
                    FakeHost fake = new FakeHost(socket, own);
                    fake.read(64 + 2);
                    fake.frame(FrameKind.WELCOME, 1, 0, 0);
                    fake.send(64);
                    answer.accept(fake);
                  } catch (TcpClosedException expected) {
                    // The client hung up first, which is what some tests are about.
                  }
                });
    return PageLink.open(
        new LinkTarget(
            listener.address(),
            VM,
            1,
            TrafficClass.FAULT,
            0,
            "h1",
            Duration.ofMillis(timeoutMillis)));
  }

  private record FakeHost(TcpSocket socket, Arena arena, MemorySegment memory) {
    FakeHost(TcpSocket socket, Arena arena) {
      this(socket, arena, arena.allocate(8192, 8));
    }

    void read(int bytes) {
      IoVector into = new IoVector(arena, 1);
      into.add(memory.address(), bytes);
      socket.readFully(into);
    }

    void frame(FrameKind kind, long id, int count, int body) {
      PageFrame.begin(memory, 0, kind, VM, 1, id);
      PageFrame.count(memory, 0, count);
      PageFrame.bodyBytes(memory, 0, body);
      PageFrame.seal(memory, 0);
    }

    /** Answers a GET with one page of zeros as contents, under a number and checksum. */
    void page(long id, long number, int checksum) {
      memory.fill((byte) 0);
      PageFrame.begin(memory, 0, FrameKind.PAGES, VM, 1, id);
      PageFrame.count(memory, 0, 1);
      PageFrame.bodyBytes(memory, 0, 16 + 4096);
      PageFrame.descriptor(memory, 0, 0, number, checksum, 0);
      PageFrame.seal(memory, 0);
      send(64 + 16 + 4096);
    }

    void send(int bytes) {
      socket.writeFully(memory, 0, bytes);
    }
  }

  private PageLinkException getFails(PageLink link) {
    PageBatch batch = new PageBatch();
    batch.add(7);
    PageLinkException[] failure = new PageLinkException[1];
    assertThatThrownBy(() -> link.get(batch, page))
        .isInstanceOfSatisfying(PageLinkException.class, e -> failure[0] = e);
    return failure[0];
  }

  private void assertDead(PageLink link, String message) {
    PageLinkException failure = getFails(link);
    assertThat(failure.isLost()).isTrue();
    assertThat(failure).hasMessageContaining(message);
    assertThat(failure).hasMessageContaining(":" + listener.address().getPort());
    assertThat(getFails(link).isLost()).isTrue();
    link.close();
  }

  @Test
  void aSilentHostIsATimeout() {
    assertDead(linkTo(fake -> fake.read(80 + 1), 50), "timed out after 50 ms");
  }

  @Test
  void aHostThatHangsUpIsALostLink() {
    assertDead(linkTo(fake -> fake.read(80), 5000), "closed");
  }

  @Test
  void aHostThatHangsUpInAnAnswerIsALostLink() {
    assertDead(
        linkTo(
            fake -> {
              fake.read(80);
              fake.frame(FrameKind.PAGES, 2, 1, 16);
              fake.send(30);
            },
            5000),
        "34 bytes were still due");
  }

  @Test
  void anotherPageThanWasAskedForIsALostLink() {
    assertDead(
        linkTo(
            fake -> {
              fake.read(80);
              fake.page(2, 8, PageChecksum.ZERO_PAGE);
            },
            5000),
        "other pages");
  }

  @Test
  void anAnswerToAnotherRequestIsALostLink() {
    assertDead(
        linkTo(
            fake -> {
              fake.read(80);
              fake.page(3, 7, PageChecksum.ZERO_PAGE);
            },
            5000),
        "request 3");
  }

  @Test
  void anAnswerOfAnotherKindIsALostLink() {
    assertDead(
        linkTo(
            fake -> {
              fake.read(80);
              fake.frame(FrameKind.PUT_ACK, 2, 1, 0);
              fake.send(64);
            },
            5000),
        "PUT_ACK instead of PAGES");
  }

  @Test
  void garbageIsALostLink() {
    assertDead(
        linkTo(
            fake -> {
              fake.read(80);
              fake.memory().set(ValueLayout.JAVA_INT, 0, 1234);
              fake.send(64);
            },
            5000),
        "magic");
  }

  @Test
  void aDamagedPageIsNeverHandedOutAsGoodButTheLinkGoesOn() {
    try (PageLink link =
        linkTo(
            fake -> {
              fake.read(80);
              fake.page(2, 7, 12345);
              fake.read(80);
              fake.page(3, 7, PageChecksum.ZERO_PAGE);
            },
            5000)) {
      PageLinkException failure = getFails(link);
      assertThat(failure.code()).isEqualTo(ErrorCode.CHECKSUM);
      assertThat(failure.isLost()).isFalse();
      PageBatch batch = new PageBatch();
      batch.add(7);
      link.get(batch, page);
      assertThat(batch.checksum(0)).isEqualTo(PageChecksum.ZERO_PAGE);
    }
  }

  @Test
  void aWindowTellsOfTheFirstRefusalAndGoesOnAfterDraining() {
    try (ServerFixture fixture = new ServerFixture();
        PageLink link = fixture.link(TrafficClass.BULK)) {
      fixture.store().grantPages(10);
      PageSendWindow window = new PageSendWindow(link, 8, 4);
      int sum = PageChecksum.of(page, 0);
      assertThatThrownBy(
              () -> {
                for (long number = 0; number < 200; number++) {
                  window.put(number, page.address(), sum, 0);
                }
              })
          .isInstanceOfSatisfying(
              PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CAPACITY));
      assertThatThrownBy(window::drain).isInstanceOf(PageLinkException.class);
      assertThat(link.underWay()).isZero();
      fixture.store().grantPages(100);
      long before = window.pagesAcknowledged();
      window.put(50, page.address(), sum, 0);
      window.drain();
      assertThat(window.pagesAcknowledged()).isEqualTo(before + 1);
    }
  }

  @Test
  void aHostThatGoesAwayEndsTheWindowToo() {
    ServerFixture fixture = new ServerFixture();
    try (PageLink link = fixture.link(TrafficClass.BULK)) {
      PageSendWindow window = new PageSendWindow(link, 1, 4);
      window.putZero(1, 0);
      fixture.close();
      assertThatThrownBy(
              () -> {
                for (long number = 0; number < 1000; number++) {
                  window.putZero(number, 0);
                }
              })
          .isInstanceOfSatisfying(PageLinkException.class, e -> assertThat(e.isLost()).isTrue());
    }
  }

  @Test
  void noMoreRequestsThanTheLimitAreUnderWay() {
    try (ServerFixture fixture = new ServerFixture();
        PageLink link = fixture.link(TrafficClass.FAULT)) {
      PageBatch batch = new PageBatch();
      batch.add(1);
      for (int i = 0; i < PageLink.REQUESTS_MAX; i++) {
        link.requestPages(batch);
      }
      assertThatThrownBy(() -> link.requestPages(batch)).isInstanceOf(IllegalStateException.class);
    }
  }
}
