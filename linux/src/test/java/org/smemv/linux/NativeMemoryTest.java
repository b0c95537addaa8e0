package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {
  @Test
  void discardedMemoryReadsAsZeros() {
    long address = NativeMemory.reserve(8192);
    NativeMemory.all().set(ValueLayout.JAVA_LONG, address, 42);
    NativeMemory.all().set(ValueLayout.JAVA_LONG, address + 4096, 43);
    NativeMemory.discard(address, 4096);
    assertThat(NativeMemory.all().get(ValueLayout.JAVA_LONG, address)).isZero();
    assertThat(NativeMemory.all().get(ValueLayout.JAVA_LONG, address + 4096)).isEqualTo(43);
    NativeMemory.release(address, 8192);
  }

  @Test
  void anImpossibleSizeIsATypedError() {
    assertThatThrownBy(() -> NativeMemory.reserve(1L << 60))
        .isInstanceOfSatisfying(
            SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM))
        .hasMessageContaining("mmap(");
  }
}
