package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.smemv.paging.ServerFixture.VM;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that only read: a new main host looks at the pages while the old one works on. */
@Timeout(60)
class ReadersTest {
  private final ServerFixture fixture = new ServerFixture();
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    fixture.close();
    arena.close();
  }

  private PageLink link(TrafficClass traffic, long epoch, String caller) {
    return PageLink.open(
        new LinkTarget(
            fixture.server.address(), VM, epoch, traffic, 0, caller, ServerFixture.TIMEOUT));
  }

  private boolean has(PageLink link, long page) {
    PageBatch batch = new PageBatch();
    batch.add(page);
    link.get(batch, arena.allocate(4096, 8));
    return TestPages.matches(batch.address(0), page);
  }

  @ParameterizedTest
  @EnumSource(names = {"FAULT", "PREFETCH"})
  void aReaderOfANewerEpochFencesNobodyOff(TrafficClass traffic) {
    fixture.store().admit(4);
    TestPages.put(fixture.store(), 4, 7, 7);
    try (PageLink old = link(TrafficClass.BULK, 4, "old");
        PageLink reader = link(traffic, 9, "new")) {
      assertThat(has(reader, 7)).isTrue();
      PageBatch batch = new PageBatch();
      batch.add(8, 0, PageFlags.ZERO);
      old.put(batch);
    }
    assertThat(fixture.store().status().epoch()).isEqualTo(4);
    assertThat(TestPages.look(fixture.store(), 8, 0)).isEqualTo("zero");
  }

  @ParameterizedTest
  @EnumSource(names = {"FAULT", "PREFETCH"})
  void aReaderOfAnOlderEpochIsRefusedAlsoOnAConnectionThatItHas(TrafficClass traffic) {
    TestPages.put(fixture.store(), 1, 7, 7);
    try (PageLink reader = link(traffic, 1, "old")) {
      assertThat(has(reader, 7)).isTrue();
      link(TrafficClass.BULK, 2, "new").close();
      assertThatThrownBy(() -> has(reader, 7))
          .isInstanceOfSatisfying(
              PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STALE_EPOCH));
    }
    assertThatThrownBy(() -> link(traffic, 1, "old"))
        .isInstanceOfSatisfying(
            PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STALE_EPOCH));
  }

  @ParameterizedTest
  @EnumSource(names = {"FAULT", "PREFETCH"})
  void whatChangesPagesIsRefusedOnAReadersConnectionAndFencesNobodyOff(TrafficClass traffic) {
    TestPages.put(fixture.store(), 1, 4, 4);
    try (RawPeer peer = RawPeer.greeted(fixture.server, traffic, 3, "h1")) {
      peer.send(peer.put(3, 4, 2, 50));
      assertThat(peer.answer()).isEqualTo("REFUSED");
      assertThat(peer.text()).contains("PUT", traffic.name(), "BULK");
      FrameKind[] kinds = {FrameKind.DROP, FrameKind.PLACE, FrameKind.PULL, FrameKind.LIST};
      for (FrameKind kind : kinds) {
        int body = kind == FrameKind.LIST ? 0 : kind == FrameKind.PULL ? 18 : 16;
        PageFrame.begin(peer.frame, 0, kind, VM, 3, 1);
        PageFrame.count(peer.frame, 0, 1);
        PageFrame.bodyBytes(peer.frame, 0, body);
        PageFrame.descriptor(peer.frame, 0, 0, 4, 0, 0);
        PageFrame.seal(peer.frame, 0);
        peer.send(64 + body);
        assertThat(peer.answer()).as("%s", kind).isEqualTo("REFUSED");
      }
      peer.send(peer.get(3, 4));
      assertThat(peer.answer()).isEqualTo("PAGES");
      PageFrame.begin(peer.frame, 0, FrameKind.PUT_ACK, VM, 3, 1);
      PageFrame.seal(peer.frame, 0);
      peer.send(64);
      assertThat(peer.answer()).isEqualTo("MALFORMED");
    }
    assertThat(TestPages.look(fixture.store(), 4, 4)).isEqualTo("right");
    assertThat(TestPages.look(fixture.store(), 5, 55)).isEqualTo("absent");
    assertThat(fixture.store().status().epoch()).isEqualTo(1);
  }

  @Test
  void aNewMainHostReadsFirstAndFencesTheOldOneOffWhenItTakesOver() {
    PageBatch put = new PageBatch();
    put.add(1, 0, PageFlags.ZERO);
    try (SubHosts hosts = SubHosts.reading(VM, 5, "new");
        PageLink old = link(TrafficClass.BULK, 1, "old")) {
      hosts.add(new SubHost.Identity(0, "h2", fixture.server.address()), 100);
      hosts.start(FaultLink::close, () -> {});
      SubHost host = hosts.all().getFirst();
      await().until(() -> host.state() == SubHost.State.CONNECTED);

      assertThat(host.stores()).isFalse();
      assertThat(hosts.choose(1)).isEqualTo(-1);
      assertThatThrownBy(() -> hosts.put(0, put)).hasMessageContaining("only read from");
      old.put(put);
      assertThat(fixture.store().status().epoch()).isEqualTo(1);

      hosts.takeOver();
      await().until(host::stores);
      hosts.put(0, put);
      assertThat(hosts.choose(1)).isZero();
      assertThat(fixture.store().status().epoch()).isEqualTo(5);
      assertThatThrownBy(() -> old.put(put))
          .isInstanceOfSatisfying(
              PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STALE_EPOCH));
    }
  }
}
