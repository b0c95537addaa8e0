package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ThreadPriorityTest {
  /** Field 19 of stat in proc(5), counted after the name. */
  private static final int NICE = 19 - 3;

  @Test
  void onlyTheCallingThreadChanges() throws Exception {
    int before = niceOfThisThread();
    int nicer = Math.min(19, before + 3);
    CompletableFuture<Integer> other = new CompletableFuture<>();
    Thread.ofPlatform()
        .start(
            () ->
                other.complete(
                    ThreadPriority.nice(nicer) ? niceOfThisThread() : Integer.MIN_VALUE));
    assertThat(other.get(10, TimeUnit.SECONDS)).isEqualTo(nicer);
    assertThat(niceOfThisThread()).isEqualTo(before);
  }

  @Test
  void whatIsNoNiceValueIsRefused() {
    assertThatThrownBy(() -> ThreadPriority.nice(20)).hasMessageContaining("20");
    assertThatThrownBy(() -> ThreadPriority.nice(-21)).hasMessageContaining("-21");
  }

  private static int niceOfThisThread() {
    try {
      String stat = Files.readString(Path.of("/proc/thread-self/stat"));
      return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[NICE]);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
