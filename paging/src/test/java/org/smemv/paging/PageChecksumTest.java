package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PageChecksumTest {
  private static long hash(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return PageChecksum.xxh64(MemorySegment.ofArray(bytes), 0, bytes.length);
  }

  @Test
  void thePublishedVectorsOfXxh64AreMet() {
    assertThat(hash("")).isEqualTo(0xEF46DB3751D8E999L);
    assertThat(hash("a")).isEqualTo(0xD24EC4F1A98C6E5BL);
    assertThat(hash("abc")).isEqualTo(0x44BC2CF5AD770999L);
    assertThat(hash("xxhash")).isEqualTo(0x32DD38952C4BC720L);
    assertThat(hash("Nobody inspects the spammish repetition")).isEqualTo(0xFBCEA83C8A378BF1L);
  }

  @Test
  void aPageHasTheLow32BitsAtAnyAddress() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(4096 + 3);
      assertThat(PageChecksum.of(memory, 3)).isEqualTo(0x32d8bbdb);
      assertThat(PageChecksum.ZERO_PAGE).isEqualTo(0x32d8bbdb);
      for (int i = 0; i < 4096; i++) {
        memory.set(ValueLayout.JAVA_BYTE, 3 + i, (byte) (i * 7 + 3));
      }
      assertThat(PageChecksum.of(memory, 3)).isEqualTo(0x432797cc);
    }
  }

  @Test
  void theHeaderChecksumSkipsItsOwnFieldAtEveryLength() {
    Random random = new Random(11);
    for (int extra = 0; extra <= 4096; extra += 16) {
      byte[] frame = new byte[64 + extra];
      random.nextBytes(frame);
      byte[] joined = new byte[60 + extra];
      System.arraycopy(frame, 0, joined, 0, 60);
      System.arraycopy(frame, 64, joined, 60, extra);
      assertThat(PageChecksum.ofHeader(MemorySegment.ofArray(frame), 0, extra))
          .as("%d bytes of descriptors", extra)
          .isEqualTo(PageChecksum.xxh64(MemorySegment.ofArray(joined), 0, joined.length));
    }
  }
}
