package org.smemv.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;

/**
 * A pre-copy migration by QEMU itself, of all memory to one host: the conventional way. A measure
 * of time and bytes only where guests are translated: QEMU 7.2 under TCG misses pages that a busy
 * guest writes meanwhile, and such a guest panics at the destination.
 */
public final class StockMigration {
  private static final int PORT = 7500;
  private static final int DOWNTIME_LIMIT_MILLIS = 300;

  /** Beyond every link of a lab, so that the link alone is the limit. In bytes a second. */
  private static final long BANDWIDTH_MAX = 100_000_000_000L;

  private static final long POLL_MILLIS = 20;

  private StockMigration() {}

  /**
   * What QEMU reports of a migration that succeeded.
   *
   * @param totalMillis from the command to the end
   * @param downtimeMillis the VM's pause
   * @param transferredBytes sent over the link for memory
   * @param rounds passes over the dirty pages
   * @param zeroPages pages that travelled as a mark
   */
  public record Result(
      long totalMillis, long downtimeMillis, long transferredBytes, long rounds, long zeroPages) {}

  /**
   * Both ends of a migration that is over: the VM runs at {@code destination}.
   *
   * @param destination to be closed by the caller, like the source
   */
  public record Outcome(StockQemu destination, Result result) {}

  /**
   * Moves a running VM to another host and returns when the source has sent it all.
   *
   * @param source stays, stopped; the caller closes it
   * @param timeout for the whole migration; then it is cancelled
   * @throws LabException when it fails or takes too long; the VM goes on at the source
   */
  public static Outcome migrate(
      StockQemu source, StockVm vm, GuestImage image, LabHost target, Duration timeout) {
    StockQemu destination = StockQemu.awaiting(target, vm, image, PORT);
    try {
      source.execute(
          "migrate-set-parameters",
          Map.of("max-bandwidth", BANDWIDTH_MAX, "downtime-limit", DOWNTIME_LIMIT_MILLIS));
      source.execute(
          "migrate", Map.of("uri", "tcp:%s:%d".formatted(target.plan().address(), PORT)));
      return new Outcome(destination, await(source, timeout));
    } catch (LabException e) {
      destination.close();
      throw e;
    }
  }

  private static Result await(StockQemu source, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      JsonNode progress = source.execute("query-migrate", Map.of());
      String status = progress.path("status").asText();
      switch (status) {
        case "completed" -> {
          return result(progress);
        }
        case "failed", "cancelled" ->
            throw new LabException(
                "QEMU's migration %s: %s".formatted(status, progress.path("error-desc").asText()));
        default -> {
          if (System.nanoTime() > deadline) {
            source.execute("migrate_cancel", Map.of());
            throw new LabException(
                "QEMU's migration is not over after %d s: %s"
                    .formatted(timeout.toSeconds(), progress.path("ram")));
          }
          Pause.millis(POLL_MILLIS);
        }
      }
    }
  }

  private static Result result(JsonNode progress) {
    JsonNode ram = progress.path("ram");
    return new Result(
        progress.path("total-time").asLong(),
        progress.path("downtime").asLong(),
        ram.path("transferred").asLong(),
        ram.path("dirty-sync-count").asLong(),
        ram.path("duplicate").asLong());
  }
}
