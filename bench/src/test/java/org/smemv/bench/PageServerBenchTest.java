package org.smemv.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.node.command.SmemvCommand;
import picocli.CommandLine;

@Timeout(120)
class PageServerBenchTest {
  private static boolean memcachedIsInstalled() {
    return Files.isExecutable(Path.of("/usr/bin/memcached"));
  }

  @Test
  void aShortRunComparesEveryOperationAndChecksEveryPage() throws Exception {
    assumeTrue(memcachedIsInstalled(), "memcached is not installed");
    PageServerReport report =
        PageServerBench.run(new PageServerBench.Options(1003, 2, 16, 64, 1, Duration.ofMillis(1)));
    assertThat(report.rows()).hasSize(5);
    assertThat(report.rows())
        .allSatisfy(
            row -> {
              assertThat(row.oursPerSecond()).isPositive();
              assertThat(row.memcachedPerSecond()).isPositive();
            });
    // An item of memcached has a header, a key, a suffix and a line end beside its value.
    assertThat(report.memcached().accountedBytes()).isBetween(50.0, 100.0);
    // The tree and slot counts are a fixed cost at so few pages: two leaves, a top and two slabs.
    assertThat(report.ours().accountedBytes()).isBetween(10.0, 30.0);
    assertThat(report.table()).contains("PUT / set, 16 x 4", "GET / get each, 1 x 64", "ratio");
  }

  @Test
  void theCommandPrintsItsFiguresAsData() {
    assumeTrue(memcachedIsInstalled(), "memcached is not installed");
    StringWriter out = new StringWriter();
    CommandLine command = SmemvCommand.commandLine();
    command.setOut(new PrintWriter(out));
    int code =
        command.execute(
            "bench",
            "page-server",
            "--json",
            "--megabytes=4",
            "--rounds=1",
            "--round-millis=1",
            "--batch=2",
            "--depth=4");
    assertThat(code).isZero();
    assertThat(out.toString()).startsWith("{\"pages\":1024,\"connections\":2,\"rows\":[{");
  }

  @Test
  void numbersThatMakeNoSenseTogetherAreRefused() {
    Duration round = Duration.ofMillis(1);
    assertThatThrownBy(() -> new PageServerBench.Options(100, 2, 257, 512, 1, round))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PageServerBench.Options(100, 2, 2, 1000, 1, round))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PageServerBench.Options(1, 2, 2, 4, 1, round))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
