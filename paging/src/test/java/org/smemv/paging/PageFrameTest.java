package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PageFrameTest {
  private static final UUID VM = new UUID(0x0123456789abcdefL, 0xfedcba9876543210L);

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment frame = arena.allocate(PageFrame.HEAD_BYTES_MAX);

  @AfterEach
  void close() {
    arena.close();
  }

  private void put() {
    PageFrame.begin(frame, 0, FrameKind.PUT, VM, 7, 42);
    PageFrame.count(frame, 0, 2);
    PageFrame.bodyBytes(frame, 0, 2 * 16 + 4096);
    PageFrame.descriptor(frame, 0, 0, 0x1000, 0x432797cc, PageFlags.of(9, 0));
    PageFrame.descriptor(frame, 0, 1, 0x1001, 0, PageFlags.ZERO | PageFlags.of(0, 0x100));
    PageFrame.seal(frame, 0);
  }

  private String hex(int bytes) {
    return HexFormat.of().formatHex(frame.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE));
  }

  private void check() {
    PageFrame.checkHeader(frame, 0);
    PageFrame.checkDescriptors(frame, 0);
  }

  /** Computed apart from this code, from the table of the format and the XXH64 specification. */
  @Test
  void aPutHasTheGoldenBytes() {
    PageFrame.begin(frame, 0, FrameKind.PUT, VM, 7, 42);
    PageFrame.count(frame, 0, 2);
    PageFrame.bodyBytes(frame, 0, 2 * 16 + 4096);
    PageFrame.descriptor(frame, 0, 0, 0x1000, 0x432797cc, PageFlags.of(9, 0));
    PageFrame.descriptor(frame, 0, 1, 0x1001, 0, PageFlags.ZERO);
    PageFrame.seal(frame, 0);
    assertThat(hex(96))
        .isEqualTo(
            "536d5631"
                + "0100"
                + "0500"
                + "efcdab8967452301"
                + "1032547698badcfe"
                + "0700000000000000"
                + "2a00000000000000"
                + "0000000000000000"
                + "02000000"
                + "20100000"
                + "00000000"
                + "1f835662"
                + "0010000000000000"
                + "cc972743"
                + "00090000"
                + "0110000000000000"
                + "00000000"
                + "01000000");
    check();
  }

  @Test
  void aGetOfOnePageHasTheGoldenBytes() {
    PageFrame.begin(frame, 0, FrameKind.GET, VM, 7, 43);
    PageFrame.page(frame, 0, 0x1000);
    PageFrame.count(frame, 0, 1);
    PageFrame.seal(frame, 0);
    assertThat(hex(64))
        .isEqualTo(
            "536d5631"
                + "0100"
                + "0300"
                + "efcdab8967452301"
                + "1032547698badcfe"
                + "0700000000000000"
                + "2b00000000000000"
                + "0010000000000000"
                + "01000000"
                + "00000000"
                + "00000000"
                + "f825969c");
    check();
  }

  @Test
  void aPullHasTheGoldenBytes() {
    PageFrame.begin(frame, 0, FrameKind.PULL, VM, 7, 44);
    PageFrame.page(frame, 0, 0x1000);
    PageFrame.count(frame, 0, 2);
    PageFrame.bodyBytes(frame, 0, 2 * 16 + 2);
    PageFrame.descriptor(frame, 0, 0, 0x1000, 0x432797cc, 0);
    PageFrame.descriptor(frame, 0, 1, 0x1001, 0x11223344, 0);
    PageFrame.seal(frame, 0);
    frame.set(ValueLayout.JAVA_BYTE, 96, (byte) 'h');
    frame.set(ValueLayout.JAVA_BYTE, 97, (byte) '3');
    assertThat(hex(98))
        .isEqualTo(
            "536d5631"
                + "0100"
                + "1000"
                + "efcdab8967452301"
                + "1032547698badcfe"
                + "0700000000000000"
                + "2c00000000000000"
                + "0010000000000000"
                + "02000000"
                + "22000000"
                + "00000000"
                + "e5257886"
                + "0010000000000000"
                + "cc972743"
                + "00000000"
                + "0110000000000000"
                + "44332211"
                + "00000000"
                + "6833");
    check();
  }

  @Test
  void theAnswerToAPullHasTheGoldenBytes() {
    PageFrame.begin(frame, 0, FrameKind.PULL_ACK, VM, 7, 44);
    PageFrame.page(frame, 0, 0x1000);
    PageFrame.count(frame, 0, 2);
    PageFrame.bodyBytes(frame, 0, 2 * 16);
    PageFrame.descriptor(frame, 0, 0, 0x1000, 0x432797cc, 0);
    PageFrame.descriptor(frame, 0, 1, 0x1001, 0, PageFlags.ABSENT);
    PageFrame.seal(frame, 0);
    assertThat(hex(96))
        .isEqualTo(
            "536d5631"
                + "0100"
                + "1100"
                + "efcdab8967452301"
                + "1032547698badcfe"
                + "0700000000000000"
                + "2c00000000000000"
                + "0010000000000000"
                + "02000000"
                + "20000000"
                + "00000000"
                + "650b3fe8"
                + "0010000000000000"
                + "cc972743"
                + "00000000"
                + "0110000000000000"
                + "00000000"
                + "02000000");
    check();
  }

  @Test
  void aListAndItsAnswerHaveTheGoldenBytes() {
    PageFrame.begin(frame, 0, FrameKind.LIST, VM, 7, 45);
    PageFrame.page(frame, 0, 0x2000);
    PageFrame.count(frame, 0, 256);
    PageFrame.seal(frame, 0);
    assertThat(hex(64))
        .isEqualTo(
            "536d5631"
                + "0100"
                + "1200"
                + "efcdab8967452301"
                + "1032547698badcfe"
                + "0700000000000000"
                + "2d00000000000000"
                + "0020000000000000"
                + "00010000"
                + "00000000"
                + "00000000"
                + "c50e7e4c");
    check();
    PageFrame.begin(frame, 0, FrameKind.LISTED, VM, 7, 45);
    PageFrame.page(frame, 0, 0x2222);
    PageFrame.count(frame, 0, 1);
    PageFrame.bodyBytes(frame, 0, 16);
    PageFrame.descriptor(frame, 0, 0, 0x2000, 0x432797cc, 0);
    PageFrame.seal(frame, 0);
    assertThat(hex(80))
        .isEqualTo(
            "536d5631"
                + "0100"
                + "1300"
                + "efcdab8967452301"
                + "1032547698badcfe"
                + "0700000000000000"
                + "2d00000000000000"
                + "2222000000000000"
                + "01000000"
                + "10000000"
                + "00000000"
                + "561af16c"
                + "0020000000000000"
                + "cc972743"
                + "00000000");
    check();
  }

  private void shaped(String message, FrameKind kind, int count, int body, int flags) {
    PageFrame.begin(frame, 0, kind, VM, 1, 1);
    PageFrame.count(frame, 0, count);
    PageFrame.bodyBytes(frame, 0, body);
    for (int i = 0; i < count && i < 2; i++) {
      PageFrame.descriptor(frame, 0, i, 5 + i, 0, flags);
    }
    if (message.isEmpty()) {
      PageFrame.seal(frame, 0);
      check();
      return;
    }
    assertThatThrownBy(
            () -> {
              PageFrame.checkHeader(frame, 0);
              PageFrame.seal(frame, 0);
              PageFrame.checkDescriptors(frame, 0);
            })
        .as("%s of %d pages and %d bytes with flags %x", kind, count, body, flags)
        .isInstanceOfSatisfying(
            FrameException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED))
        .hasMessageContaining(message);
  }

  @Test
  void aRunOfPagesIsOnlyAcceptedInAPlaceAndNotWithoutPages() {
    shaped("pages in a run", FrameKind.PLACE, 2, 2 * 16, PageFlags.RUN);
    for (FrameKind kind : new FrameKind[] {FrameKind.DROP, FrameKind.LISTED, FrameKind.PULL_ACK}) {
      shaped("page flags", kind, 2, 2 * 16, PageFlags.RUN);
    }
    shaped("page flags", FrameKind.PLACE, 2, 2 * 16, PageFlags.RUN | PageFlags.ZERO);
  }

  @Test
  void theFieldsOfPullsAndListsAreChecked() {
    shaped("", FrameKind.PULL, 2, 2 * 16 + 63, 0);
    shaped("body bytes", FrameKind.PULL, 2, 2 * 16, 0);
    shaped("body bytes", FrameKind.PULL, 2, 2 * 16 + 64, 0);
    shaped("body bytes", FrameKind.PULL, 0, 2, 0);
    shaped("page flags", FrameKind.PULL, 2, 2 * 16 + 2, PageFlags.ABSENT);
    shaped("page flags", FrameKind.PULL, 2, 2 * 16 + 2, PageFlags.ZERO);
    shaped("page flags", FrameKind.PULL, 2, 2 * 16 + 2, PageFlags.of(3, 0));
    shaped("", FrameKind.PULL_ACK, 2, 2 * 16, PageFlags.ABSENT);
    shaped("", FrameKind.PULL_ACK, 2, 2 * 16, PageFlags.ZERO);
    shaped("body bytes", FrameKind.PULL_ACK, 0, 0, 0);
    shaped("", FrameKind.LIST, 1, 0, 0);
    shaped("count 0", FrameKind.LIST, 0, 0, 0);
    shaped("body bytes", FrameKind.LIST, 1, 16, 0);
    shaped("", FrameKind.LISTED, 0, 0, 0);
    shaped("", FrameKind.LISTED, 2, 2 * 16, PageFlags.ZERO);
    shaped("body bytes", FrameKind.LISTED, 1, 0, 0);
    shaped("page flags", FrameKind.LISTED, 2, 2 * 16, PageFlags.ABSENT);
  }

  @Test
  void everyFieldIsReadBackAsWritten() {
    put();
    PageFrame.page(frame, 0, 77);
    PageFrame.status(frame, 0, 3);
    assertThat(PageFrame.kind(frame, 0)).isEqualTo(FrameKind.PUT);
    assertThat(PageFrame.vm(frame, 0)).isEqualTo(VM);
    assertThat(PageFrame.isAbout(frame, 0, VM)).isTrue();
    assertThat(PageFrame.isAbout(frame, 0, new UUID(1, 2))).isFalse();
    assertThat(PageFrame.epoch(frame, 0)).isEqualTo(7);
    assertThat(PageFrame.requestId(frame, 0)).isEqualTo(42);
    assertThat(PageFrame.page(frame, 0)).isEqualTo(77);
    assertThat(PageFrame.count(frame, 0)).isEqualTo(2);
    assertThat(PageFrame.bodyBytes(frame, 0)).isEqualTo(4128);
    assertThat(PageFrame.status(frame, 0)).isEqualTo(3);
    assertThat(PageFrame.descriptorBytes(frame, 0)).isEqualTo(32);
    assertThat(PageFrame.descriptorPage(frame, 0, 1)).isEqualTo(0x1001);
    assertThat(PageFrame.descriptorChecksum(frame, 0, 0)).isEqualTo(0x432797cc);
    int flags = PageFrame.descriptorFlags(frame, 0, 0);
    assertThat(PageFlags.heat(flags)).isEqualTo(9);
    assertThat(PageFlags.hasContents(flags)).isTrue();
    int place = PageFrame.descriptorFlags(frame, 0, 1);
    assertThat(PageFlags.isZero(place)).isTrue();
    assertThat(PageFlags.host(place)).isEqualTo(0x100);
  }

  @Test
  void everyChangedBitOfHeaderAndDescriptorsIsFound() {
    put();
    for (int bit = 0; bit < 96 * 8; bit++) {
      byte old = frame.get(ValueLayout.JAVA_BYTE, bit / 8);
      frame.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (old ^ 1 << bit % 8));
      assertThatThrownBy(this::check).as("bit %d", bit).isInstanceOf(FrameException.class);
      frame.set(ValueLayout.JAVA_BYTE, bit / 8, old);
    }
    check();
  }

  private void refused(ErrorCode code, String message, Consumer<MemorySegment> spoil) {
    put();
    spoil.accept(frame);
    assertThatThrownBy(
            () -> {
              PageFrame.checkHeader(frame, 0);
              PageFrame.seal(frame, 0); // so that only the field itself is wrong
              PageFrame.checkDescriptors(frame, 0);
            })
        .isInstanceOfSatisfying(FrameException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(message);
  }

  @Test
  void everyFieldOutsideItsLimitsIsRefusedByName() {
    refused(ErrorCode.MALFORMED, "magic", f -> f.set(ValueLayout.JAVA_BYTE, 0, (byte) 'X'));
    refused(ErrorCode.VERSION, "version 2", f -> f.set(ValueLayout.JAVA_SHORT, 4, (short) 2));
    refused(ErrorCode.MALFORMED, "kind 20", f -> f.set(ValueLayout.JAVA_SHORT, 6, (short) 20));
    refused(ErrorCode.MALFORMED, "kind 0", f -> f.set(ValueLayout.JAVA_SHORT, 6, (short) 0));
    refused(ErrorCode.MALFORMED, "count 257", f -> f.set(ValueLayout.JAVA_INT, 48, 257));
    refused(ErrorCode.MALFORMED, "count -1", f -> f.set(ValueLayout.JAVA_INT, 48, -1));
    refused(ErrorCode.MALFORMED, "body bytes", f -> PageFrame.bodyBytes(f, 0, (2 << 20) + 1));
    refused(ErrorCode.MALFORMED, "body bytes", f -> PageFrame.bodyBytes(f, 0, -1));
    refused(ErrorCode.MALFORMED, "body bytes", f -> PageFrame.bodyBytes(f, 0, 32));
    refused(ErrorCode.MALFORMED, "body bytes", f -> PageFrame.bodyBytes(f, 0, 32 + 3 * 4096));
    refused(ErrorCode.MALFORMED, "page", f -> PageFrame.page(f, 0, PageFrame.PAGE_NUMBER_END));
    refused(ErrorCode.MALFORMED, "page -1", f -> PageFrame.descriptor(f, 0, 0, -1, 0, 0));
    refused(ErrorCode.MALFORMED, "flags", f -> PageFrame.descriptor(f, 0, 1, 5, 0, 4));
    refused(ErrorCode.MALFORMED, "flags", f -> PageFrame.descriptor(f, 0, 1, 5, 0, 3));
    refused(ErrorCode.MALFORMED, "flags", f -> PageFrame.descriptor(f, 0, 1, 5, 0, 2));
    refused(ErrorCode.MALFORMED, "descriptors", f -> PageFrame.descriptor(f, 0, 1, 5, 0, 0));
  }

  @Test
  void theShapeOfABodyFollowsFromTheKind() {
    for (FrameKind kind : FrameKind.values()) {
      PageFrame.begin(frame, 0, kind, VM, 1, 1);
      PageFrame.count(frame, 0, 1);
      PageFrame.bodyBytes(frame, 0, 7);
      if (kind.body() == FrameKind.Body.BYTES) {
        PageFrame.checkHeader(frame, 0);
      } else {
        assertThatThrownBy(() -> PageFrame.checkHeader(frame, 0))
            .as("%s", kind)
            .isInstanceOf(FrameException.class);
      }
    }
  }

  @Test
  void theNumbersOfKindsErrorsAndClassesAreTheWires() {
    for (FrameKind kind : FrameKind.values()) {
      assertThat(kind.code()).isEqualTo(kind.ordinal() + 1);
      assertThat(FrameKind.of(kind.code())).isEqualTo(kind);
    }
    for (ErrorCode code : ErrorCode.values()) {
      assertThat(code.code()).isEqualTo(code.ordinal() + 1);
      assertThat(ErrorCode.of(code.code())).isEqualTo(code);
    }
    for (TrafficClass traffic : TrafficClass.values()) {
      assertThat(traffic.code()).isEqualTo(traffic.ordinal());
      assertThat(TrafficClass.of(traffic.code())).isEqualTo(traffic);
    }
    assertThat(FrameKind.ERROR.code()).isEqualTo(15);
    assertThat(ErrorCode.of(99)).isEqualTo(ErrorCode.INTERNAL);
    assertThat(TrafficClass.of(5)).isNull();
    assertThat(FrameKind.of(-1)).isNull();
  }
}
