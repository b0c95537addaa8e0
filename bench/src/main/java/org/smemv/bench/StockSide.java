package org.smemv.bench;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.smemv.lab.GuestImage;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.RunningLoad;
import org.smemv.lab.StockMigration;
import org.smemv.lab.StockQemu;
import org.smemv.lab.StockVm;

/** Stock QEMU, to a host with enough memory. */
final class StockSide implements MigrationSide {
  private static final Duration TIMEOUT = Duration.ofMinutes(3);

  private final Lab lab;
  private final GuestImage image;
  private final StockVm vm;
  private @Nullable StockQemu source;
  private @Nullable StockQemu destination;

  StockSide(Lab lab, GuestImage image, MigrationBench.Options options) {
    this.lab = lab;
    this.image = image;
    this.vm = StockVm.of("stock", (long) options.vmMebibytes() << 20, options.guest());
  }

  @Override
  public void boot() {
    source = StockQemu.boot(lab.host("h1"), vm, image);
  }

  @Override
  public MigrationSample migrate() {
    if (source == null) {
      throw new IllegalStateException("not booted");
    }
    StockMigration.Outcome outcome =
        StockMigration.migrate(source, vm, image, lab.host("h2"), TIMEOUT);
    destination = outcome.destination();
    StockMigration.Result result = outcome.result();
    return new MigrationSample(
        result.totalMillis(),
        0,
        result.downtimeMillis(),
        result.transferredBytes(),
        result.rounds(),
        0);
  }

  /**
   * QEMU 7.2 under TCG loses writes of a busy guest, so that the guest may be dead by now: nothing
   * that the client saw is of use.
   */
  @Override
  public double clientGapMillis(RunningLoad load) {
    return 0;
  }

  @Override
  public void close() {
    try {
      if (destination != null) {
        destination.close();
      }
    } catch (LabException e) {
      closeSource();
      throw e;
    }
    closeSource();
  }

  private void closeSource() {
    if (source != null) {
      source.close();
    }
  }
}
