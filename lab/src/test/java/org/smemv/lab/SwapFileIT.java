package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SwapFileIT {
  private static final long BYTES = 64L << 20;

  @AfterEach
  void remove() {
    SwapFile.remove();
  }

  @Test
  void theMachineSwapsToItUntilItIsClosed() throws IOException {
    try (SwapFile _ = SwapFile.on(BYTES)) {
      assertThat(swaps()).contains(SwapFile.PLACE.toString());
    }

    assertThat(swaps()).doesNotContain(SwapFile.PLACE.toString());
    assertThat(SwapFile.PLACE).doesNotExist();
  }

  @Test
  void oneThatACrashLeftIsReplacedAndGoesWithTheLab() throws IOException {
    SwapFile.on(BYTES);
    SwapFile.on(2 * BYTES);
    assertThat(Files.size(SwapFile.PLACE)).isEqualTo(2 * BYTES);

    Lab.down();

    assertThat(swaps()).doesNotContain(SwapFile.PLACE.toString());
    assertThat(SwapFile.PLACE).doesNotExist();
  }

  private static String swaps() throws IOException {
    return Files.readString(Path.of("/proc/swaps"));
  }
}
