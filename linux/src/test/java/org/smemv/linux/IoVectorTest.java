package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class IoVectorTest {
  @Test
  void theMessageNamesThePiecesThatAreLeft() {
    try (Arena arena = Arena.ofConfined()) {
      IoVector vector = new IoVector(arena, 3);
      vector.add(0x1000, 16);
      vector.add(0x2000, 32);
      vector.advance(20);

      long message = vector.message();
      long pieces = NativeMemory.all().get(ValueLayout.JAVA_LONG, message + 16);
      assertThat(NativeMemory.all().get(ValueLayout.JAVA_LONG, message + 24)).isEqualTo(1);
      assertThat(NativeMemory.all().get(ValueLayout.JAVA_LONG, pieces)).isEqualTo(0x2004);
      assertThat(NativeMemory.all().get(ValueLayout.JAVA_LONG, pieces + 8)).isEqualTo(28);
      assertThat(vector.remaining()).isEqualTo(28);
    }
  }

  @Test
  void aPieceThatContinuesTheLastOneMakesItLonger() {
    try (Arena arena = Arena.ofConfined()) {
      IoVector vector = new IoVector(arena, 1);
      vector.add(0x1000, 4096);
      vector.add(0x2000, 4096);
      assertThat(vector.size()).isEqualTo(1);
      assertThat(vector.length(0)).isEqualTo(8192);
    }
  }

  @Test
  void morePiecesThanWereAskedForAreRefused() {
    try (Arena arena = Arena.ofConfined()) {
      IoVector vector = new IoVector(arena, 1);
      vector.add(0x1000, 16);
      assertThatThrownBy(() -> vector.add(0x5000, 16)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> vector.advance(17)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new IoVector(arena, 1025))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
