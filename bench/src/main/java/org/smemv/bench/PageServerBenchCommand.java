package org.smemv.bench;

import java.time.Duration;
import org.smemv.node.command.ExitCode;
import org.smemv.node.command.SmemvTask;
import org.smemv.placement.PageSize;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench page-server}. */
@Command(
    name = "page-server",
    description = "PUT and GET of 4 KiB pages against memcached set and get, and memory overhead.")
final class PageServerBenchCommand extends SmemvTask {
  @Option(
      names = "--megabytes",
      defaultValue = "256",
      description = "Pages to store, in MiB (default ${DEFAULT-VALUE}).")
  private int megabytes;

  @Option(
      names = "--connections",
      defaultValue = "2",
      description = "Connections to each server (default ${DEFAULT-VALUE}).")
  private int connections;

  @Option(
      names = "--batch",
      defaultValue = "64",
      description = "Pages in a request of several, 2..256 (default ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--depth",
      defaultValue = "256",
      description = "Pages under way per connection (default ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--rounds",
      defaultValue = "5",
      description = "Rounds whose median counts (default ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--round-millis",
      defaultValue = "1000",
      description = "How long a round lasts, in ms (default ${DEFAULT-VALUE}).")
  private int roundMillis;

  @Override
  protected ExitCode run() throws Exception {
    long pages = ((long) megabytes << 20) / PageSize.BYTES;
    PageServerReport report =
        PageServerBench.run(
            new PageServerBench.Options(
                pages, connections, batch, depth, rounds, Duration.ofMillis(roundMillis)));
    screen().line(report.table());
    screen().data(report);
    return ExitCode.OK;
  }
}
