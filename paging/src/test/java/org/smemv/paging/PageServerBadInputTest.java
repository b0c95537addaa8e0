package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.smemv.paging.ServerFixture.VM;
import static org.smemv.paging.TestPages.look;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.UUID;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Everything a peer can do wrong, over real sockets: a stated answer, and nothing has changed. */
@Timeout(60)
class PageServerBadInputTest {
  private final ServerFixture fixture = new ServerFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  private RawPeer greeted() {
    return RawPeer.greeted(fixture.server, TrafficClass.BULK, 1, "h1");
  }

  private String look1(long page, long seed) {
    return look(fixture.store(), page, seed);
  }

  private void stored(long page, long seed) {
    TestPages.put(fixture.store(), 1, page, seed);
  }

  /** The frame that {@code spoil} made wrong is answered with the code, then the stream ends. */
  private void ends(String code, String message, ToIntFunction<RawPeer> spoil) {
    try (RawPeer peer = greeted()) {
      peer.send(spoil.applyAsInt(peer));
      assertThat(peer.answer()).isEqualTo(code);
      assertThat(peer.text()).contains(message);
      assertThat(peer.answer()).isEqualTo("closed");
    }
  }

  /** As above, but the connection then answers a right request. */
  private void goesOn(String code, String message, ToIntFunction<RawPeer> spoil) {
    try (RawPeer peer = greeted()) {
      peer.send(spoil.applyAsInt(peer));
      assertThat(peer.answer()).isEqualTo(code);
      assertThat(peer.text()).contains(message);
      peer.send(peer.get(Math.max(1, fixture.store().status().epoch()), 4));
      assertThat(peer.answer()).isEqualTo("PAGES");
    }
  }

  private static int set(RawPeer peer, int length, long at, int value) {
    peer.frame.set(ValueLayout.JAVA_INT, at, value);
    PageFrame.seal(peer.frame, 0);
    return length;
  }

  @Test
  void aWrongMagicIsMalformed() {
    ends("MALFORMED", "magic", p -> set(p, p.get(1, 4), 0, 0x12345678));
  }

  @Test
  void bytesOfAnotherProtocolAreMalformed() {
    try (RawPeer peer = new RawPeer(fixture.server)) {
      byte[] http =
          "GET / HTTP/1.1\r\nHost: h2\r\nUser-Agent: a program that is lost\r\n\r\n"
              .getBytes(StandardCharsets.US_ASCII);
      MemorySegment.copy(http, 0, peer.frame, ValueLayout.JAVA_BYTE, 0, http.length);
      peer.send(http.length);
      assertThat(peer.answer()).isEqualTo("MALFORMED");
    }
  }

  @Test
  void anotherVersionIsAnsweredAsSuch() {
    ends(
        "VERSION",
        "version 2",
        p -> {
          int length = p.get(1, 4);
          p.frame.set(ValueLayout.JAVA_SHORT, 4, (short) 2);
          PageFrame.seal(p.frame, 0);
          return length;
        });
  }

  @Test
  void anUnknownKindIsMalformed() {
    ends(
        "MALFORMED",
        "kind 77",
        p -> {
          int length = p.get(1, 4);
          p.frame.set(ValueLayout.JAVA_SHORT, 6, (short) 77);
          return length;
        });
  }

  @Test
  void aBodyThatIsTooLongIsMalformedBeforeItIsRead() {
    ends("MALFORMED", "body bytes", p -> set(p, p.put(1, 4, 1, 0), 52, (2 << 20) + 1));
    ends("MALFORMED", "body bytes", p -> set(p, p.put(1, 4, 1, 0), 52, Integer.MIN_VALUE));
  }

  @Test
  void tooManyPagesAreMalformed() {
    ends(
        "MALFORMED",
        "count 257",
        p -> {
          int length = p.get(1, 4);
          p.frame.set(ValueLayout.JAVA_INT, 48, 257);
          return length;
        });
  }

  @Test
  void aDamagedHeaderIsMalformed() {
    ends(
        "MALFORMED",
        "header checksum",
        p -> {
          int length = p.get(1, 4);
          p.frame.set(ValueLayout.JAVA_LONG, 40, 5); // another page than was sealed
          return length;
        });
  }

  @Test
  void aDamagedDescriptorIsMalformed() {
    ends(
        "MALFORMED",
        "header checksum",
        p -> {
          int length = p.put(1, 4, 2, 0);
          p.frame.set(ValueLayout.JAVA_LONG, 64, 5);
          return length;
        });
    assertThat(look1(5, 4)).isEqualTo("absent");
  }

  @Test
  void anAnswerIsNoRequest() {
    ends(
        "MALFORMED",
        "PUT_ACK",
        p -> {
          PageFrame.begin(p.frame, 0, FrameKind.PUT_ACK, VM, 1, 1);
          PageFrame.seal(p.frame, 0);
          return 64;
        });
  }

  @Test
  void aFrameOfAnotherVmThanTheConnectionsIsMalformed() {
    ends(
        "MALFORMED",
        "is for another",
        p -> {
          PageFrame.begin(p.frame, 0, FrameKind.GET, new UUID(8, 8), 1, 1);
          PageFrame.count(p.frame, 0, 1);
          PageFrame.seal(p.frame, 0);
          return 64;
        });
  }

  @Test
  void damagedContentsAreRefusedAndNothingOfTheFrameIsStored() {
    stored(10, 1);
    goesOn(
        "CHECKSUM",
        "page 11",
        p -> {
          int length = p.put(1, 10, 200, 50);
          p.frame.set(ValueLayout.JAVA_BYTE, 64 + 200 * 16 + 4096 + 9, (byte) 0); // in page 11
          return length;
        });
    assertThat(look1(10, 1)).isEqualTo("right");
    assertThat(look1(12, 62)).isEqualTo("absent");
    assertThat(fixture.pool.chargedPages()).isEqualTo(1);
  }

  @Test
  void aFrameThatDoesNotFitIsRefusedAndNothingOfItIsStored() {
    fixture.store().grantPages(100);
    stored(10, 1);
    goesOn("CAPACITY", "1 of 100 granted", p -> p.put(1, 10, 256, 50));
    assertThat(look1(10, 1)).isEqualTo("right");
    assertThat(look1(11, 61)).isEqualTo("absent");
    assertThat(fixture.pool.chargedPages()).isEqualTo(1);
    goesOn("REFUSED", "outside", p -> p.put(1, (1 << 20) - 1, 2, 0));
  }

  @Test
  void aStaleEpochIsRefusedAndChangesNothing() {
    stored(4, 1);
    try (RawPeer old = greeted()) {
      fixture.store().admit(2);
      old.send(old.put(1, 4, 3, 50));
      assertThat(old.answer()).isEqualTo("STALE_EPOCH");
      old.send(old.get(1, 4));
      assertThat(old.answer()).isEqualTo("STALE_EPOCH");
      PageFrame.begin(old.frame, 0, FrameKind.DROP, VM, 1, 1);
      PageFrame.count(old.frame, 0, 1);
      PageFrame.bodyBytes(old.frame, 0, 16);
      PageFrame.descriptor(old.frame, 0, 0, 4, 0, 0);
      PageFrame.seal(old.frame, 0);
      old.send(80);
      assertThat(old.answer()).isEqualTo("STALE_EPOCH");
    }
    assertThat(look1(4, 1)).isEqualTo("right");
    assertThatThrownBy(() -> PageLink.open(fixture.target(TrafficClass.BULK, 1, 0)))
        .isInstanceOfSatisfying(
            PageLinkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STALE_EPOCH))
        .hasMessageContaining("epoch 2");
  }

  @Test
  void pageFramesOnAControlConnectionAreMalformed() {
    try (RawPeer peer = new RawPeer(fixture.server)) {
      peer.hello(new UUID(0, 0), TrafficClass.CONTROL.code(), 0, "h1");
      assertThat(peer.answer()).isEqualTo("WELCOME");
      peer.send(peer.get(1, 4));
      assertThat(peer.answer()).isEqualTo("MALFORMED");
    }
    try (RawPeer peer = RawPeer.greeted(fixture.server, TrafficClass.BODY, 1, "h1")) {
      peer.send(peer.get(1, 4));
      assertThat(peer.answer()).isEqualTo("MALFORMED");
    }
    assertThat(fixture.body.toString()).isEqualTo("!");
  }

  @Test
  void placesAreRefusedByASubHost() {
    goesOn(
        "REFUSED",
        "not incoming",
        p -> {
          PageFrame.begin(p.frame, 0, FrameKind.PLACE, VM, 1, 1);
          PageFrame.count(p.frame, 0, 1);
          PageFrame.bodyBytes(p.frame, 0, 16);
          PageFrame.descriptor(p.frame, 0, 0, 4, 0, 0);
          PageFrame.seal(p.frame, 0);
          return 80;
        });
  }

  @Test
  void aConnectionThatIsCutAnywhereInAPutLeavesTheOldPagesWhole() {
    stored(10, 1);
    stored(11, 2);
    long charged = fixture.pool.chargedPages();
    Random random = new Random(9);
    for (int round = 0; round < 60; round++) {
      try (RawPeer peer = greeted()) {
        int whole = peer.put(1, 10, 4, 99);
        peer.send(1 + random.nextInt(whole - 1));
      }
    }
    await().until(() -> fixture.server.connections() == 0);
    assertThat(look1(10, 1)).isEqualTo("right");
    assertThat(look1(11, 2)).isEqualTo("right");
    assertThat(look1(12, 111)).isEqualTo("absent");
    assertThat(fixture.pool.chargedPages()).isEqualTo(charged);
    assertThat(fixture.pool.slotsInUse()).isEqualTo(2);
  }

  @Test
  void randomDamageNeverChangesWhatIsStoredNorStopsTheServer() {
    stored(4, 1);
    Random random = new Random(21);
    for (int round = 0; round < 150; round++) {
      try (RawPeer peer = greeted()) {
        int length = peer.put(1, 4, 2, 7);
        for (int i = 0; i < 3; i++) {
          int at = random.nextInt(random.nextBoolean() ? 96 : length);
          byte old = peer.frame.get(ValueLayout.JAVA_BYTE, at);
          peer.frame.set(ValueLayout.JAVA_BYTE, at, (byte) (old + 1 + random.nextInt(255)));
        }
        peer.send(length);
        peer.socket.shutdownOutput();
        assertThat(peer.answer()).isIn("MALFORMED", "VERSION", "CHECKSUM");
      }
      assertThat(look1(4, 1)).as("round %d", round).isEqualTo("right");
      assertThat(look1(5, 12)).isEqualTo("absent");
    }
  }
}
