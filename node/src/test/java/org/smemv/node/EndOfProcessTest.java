package org.smemv.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.JavaCommand;

@Timeout(60)
class EndOfProcessTest {
  /** A daemon as the commands are: its main thread exits with a status of its own. */
  static final class Daemon {
    private Daemon() {}

    public static void main(String[] arguments) throws Exception {
      System.out.println("runs");
      EndOfProcess.await(() -> System.out.println("closed"));
      System.exit(0);
    }
  }

  @Test
  void aDaemonThatIsToldToEndClosesWhatItHoldsAndEndsAtOnce() throws Exception {
    Process daemon =
        new ProcessBuilder(
                JavaCommand.of(Daemon.class.getName(), List.of("-XX:TieredStopAtLevel=1")))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader lines = daemon.inputReader(StandardCharsets.UTF_8)) {
      assertThat(lines.readLine()).isEqualTo("runs");
      long told = System.nanoTime();
      var _ = daemon.toHandle().destroy(); // unlike its own, this leaves the streams open
      assertThat(lines.readLine()).isEqualTo("closed");
      assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(Duration.ofNanos(System.nanoTime() - told)).isLessThan(Duration.ofSeconds(4));
    } finally {
      daemon.destroyForcibly();
    }
  }
}
