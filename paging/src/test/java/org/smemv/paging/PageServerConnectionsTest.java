package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.smemv.paging.ServerFixture.VM;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who gets a connection and who keeps it, over real sockets: a stated answer to everybody else. */
@Timeout(60)
class PageServerConnectionsTest {
  private final ServerFixture fixture = new ServerFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void aServerThatCouldNotMakeAThreadServesTheNextConnection() {
    AtomicInteger made = new AtomicInteger();
    ThreadFactory threads =
        connection -> {
          if (made.getAndIncrement() < 2) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          return Thread.ofPlatform().daemon().unstarted(connection);
        };
    try (PageServer server =
        PageServer.bind(
                new InetSocketAddress("127.0.0.1", 0),
                new PageServer.Services(fixture, fixture),
                PageServer.Options.of("h2"),
                threads)
            .begin()) {
      for (int refused = 0; refused < 2; refused++) {
        try (RawPeer peer = new RawPeer(server)) {
          assertThat(peer.answer()).isEqualTo("closed");
        }
      }
      assertThat(server.connections()).isZero();
      RawPeer.greeted(server, TrafficClass.BULK, 1, "h1").close();
    }
  }

  @Test
  void aStaleCallerDoesNotEndTheNewerConnection() {
    try (RawPeer newer = RawPeer.greeted(fixture.server, TrafficClass.BULK, 2, "h1");
        RawPeer older = new RawPeer(fixture.server)) {
      older.hello(VM, TrafficClass.BULK.code(), 1, "h1");
      assertThat(older.answer()).isEqualTo("STALE_EPOCH");
      newer.send(newer.get(2, 4));
      assertThat(newer.answer()).isEqualTo("PAGES");
    }
  }

  @Test
  void aStaleCallerDoesNotEndTheDeviceStreamOfTheNewerOne() {
    fixture.store().admit(2);
    try (PageLink newer = PageLink.open(fixture.target(TrafficClass.BODY, 2, 0));
        RawPeer older = new RawPeer(fixture.server)) {
      older.hello(VM, TrafficClass.BODY.code(), 1, "h1");
      assertThat(older.answer()).isEqualTo("STALE_EPOCH");
      newer.endBody();
    }
    assertThat(fixture.body.toString()).isEqualTo(".");
  }

  private void helloRefused(String code, UUID vm, int traffic, String name) {
    try (RawPeer peer = new RawPeer(fixture.server)) {
      peer.hello(vm, traffic, 1, name);
      assertThat(peer.answer()).as("%s %d %s", vm, traffic, name).isEqualTo(code);
      assertThat(peer.answer()).isEqualTo("closed");
    }
  }

  @Test
  void aHelloThatIsWrongIsRefused() {
    UUID unknown = new UUID(5, 5);
    helloRefused("UNKNOWN_VM", unknown, TrafficClass.BULK.code(), "h1");
    helloRefused("UNKNOWN_VM", unknown, TrafficClass.BODY.code(), "h1");
    helloRefused("MALFORMED", VM, 5, "h1");
    helloRefused("MALFORMED", VM, -1, "h1");
    helloRefused("MALFORMED", VM, TrafficClass.CONTROL.code(), "h1");
    helloRefused("MALFORMED", new UUID(0, 0), TrafficClass.BULK.code(), "h1");
    helloRefused("MALFORMED", VM, TrafficClass.BULK.code(), "");
    helloRefused("MALFORMED", VM, TrafficClass.BULK.code(), "a b");
    helloRefused("MALFORMED", VM, TrafficClass.BULK.code(), "x".repeat(64));
    try (RawPeer peer = new RawPeer(fixture.server)) {
      peer.send(peer.get(1, 4));
      assertThat(peer.answer()).isEqualTo("MALFORMED");
      assertThat(peer.text()).contains("HELLO");
    }
  }

  private String helloInLane(TrafficClass traffic, int lane) {
    UUID vm = traffic == TrafficClass.CONTROL ? new UUID(0, 0) : VM;
    try (RawPeer peer = new RawPeer(fixture.server)) {
      peer.hello(vm, traffic.code(), lane, 1, "h1");
      return peer.answer();
    }
  }

  @Test
  void aLaneThatNoHostHasIsMalformed() {
    for (TrafficClass traffic : TrafficClass.values()) {
      int last = traffic == TrafficClass.BULK ? SubHosts.HOSTS_MAX : 0;
      assertThat(helloInLane(traffic, last)).as("%s", traffic).isEqualTo("WELCOME");
      assertThat(helloInLane(traffic, last + 1)).as("%s", traffic).isEqualTo("MALFORMED");
    }
  }

  @Test
  void aConnectionOverTheLimitIsRefusedWithTheReason() {
    try (ServerFixture small = new ServerFixture(2, ServerFixture.TIMEOUT)) {
      List<PageLink> links = new ArrayList<>();
      links.add(PageLink.open(small.target(TrafficClass.BULK, 1, 0)));
      links.add(PageLink.open(small.target(TrafficClass.BULK, 1, 1)));
      assertThatThrownBy(() -> PageLink.open(small.target(TrafficClass.BULK, 1, 2)))
          .isInstanceOfSatisfying(
              PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
          .hasMessageContaining("2 connections");
      links.forEach(PageLink::close);
    }
  }

  @Test
  void aPeerThatSaysNothingOrStopsInAFrameIsGivenUpButAnIdleOneIsNot() throws Exception {
    try (ServerFixture hasty = new ServerFixture(8, Duration.ofMillis(100));
        RawPeer silent = new RawPeer(hasty.server);
        RawPeer slow = RawPeer.greeted(hasty.server, TrafficClass.BULK, 1, "slow");
        RawPeer idle = RawPeer.greeted(hasty.server, TrafficClass.BULK, 1, "idle")) {
      slow.put(1, 4, 1, 0);
      slow.send(100);
      assertThat(silent.answer()).isEqualTo("closed");
      assertThat(slow.answer()).isEqualTo("closed");
      Thread.sleep(300); // several time-outs long
      idle.send(idle.get(1, 4));
      assertThat(idle.answer()).isEqualTo("PAGES");
    }
  }

  @Test
  void whoCallsBeforeAServerServesIsAnsweredOnceItDoes() throws Exception {
    try (PageServer server =
            PageServer.bind(
                new InetSocketAddress("127.0.0.1", 0),
                new PageServer.Services(fixture, fixture),
                PageServer.Options.of("h2"));
        RawPeer early = new RawPeer(server)) {
      early.hello(VM, TrafficClass.BULK.code(), 1, "h1");
      Thread.sleep(50);
      assertThat(server.connections()).isZero();
      assertThat(server.begin().address()).isEqualTo(server.address());
      assertThat(early.answer()).isEqualTo("WELCOME");
    }
  }

  @Test
  void aNewConnectionIsRefusedWhileTheOldOneIsStuckAndEvenAfterATryThatGaveUp() throws Exception {
    CountDownLatch stuck = new CountDownLatch(1);
    UUID vm = new UUID(6, 6);
    try (ServerFixture hasty = new ServerFixture(8, Duration.ofMillis(100))) {
      hasty.holders.put(vm, new StuckHolder(vm, stuck));
      LinkTarget target =
          new LinkTarget(
              hasty.server.address(), vm, 1, TrafficClass.BULK, 0, "h1", ServerFixture.TIMEOUT);
      PageLink old = PageLink.open(target);
      PageSendWindow window = new PageSendWindow(old, 1, 2);
      window.putZero(1, 0); // its handler now waits in the holder
      for (int attempt = 0; attempt < 2; attempt++) {
        assertThatThrownBy(() -> PageLink.open(target))
            .isInstanceOfSatisfying(
                PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED))
            .hasMessageContaining("has not ended");
      }
      stuck.countDown();
      await().untilAsserted(() -> PageLink.open(target).close());
      old.close();
    }
  }

  @Test
  void nobodyAtTheAddressIsALostLinkThatNamesIt() {
    InetSocketAddress address = fixture.server.address();
    fixture.server.close();
    assertThatThrownBy(() -> fixture.link(TrafficClass.BULK))
        .isInstanceOfSatisfying(
            PageLinkException.class,
            e -> {
              assertThat(e.isLost()).isTrue();
              assertThat(e.code()).isNull();
              assertThat(e.vm()).isEqualTo(VM);
            })
        .hasMessageContaining(":" + address.getPort())
        .hasMessageContaining("ECONNREFUSED");
  }
}
