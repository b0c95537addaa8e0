package org.smemv.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.smemv.lab.GuestImage;
import org.smemv.lab.GuestOptions;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LabPlan;
import org.smemv.lab.LinkRate;
import org.smemv.lab.LoadPlan;
import org.smemv.lab.RunningLoad;
import org.smemv.node.api.OperationException;

/**
 * A split migration against a migration by stock QEMU to a host with enough memory: the same guest
 * with the same memcached, idle or under the paper's load, over the same links, in turn. Each
 * migration has a VM of its own that was started for it.
 */
final class MigrationBench {
  /** The values in memcached and what it needs beside them. */
  private static final double MEMCACHED_PER_VALUE_BYTE = 1.25;

  private static final Duration BOOT = Duration.ofSeconds(60);
  private static final Duration FILL = Duration.ofMinutes(5);

  /** How long the load goes on before the migration, so that it is at its pace. */
  private static final long SETTLE_MILLIS = 3000;

  /**
   * What to measure.
   *
   * @param repetitions of each of the four: split and stock, idle and loaded
   * @param vmMebibytes memory of the VM
   * @param fillMebibytes values in memcached, which no compression makes smaller
   * @param downtimeLimitMillis what the split migration aims for
   * @param link rate of the hosts' links
   */
  record Options(
      int repetitions, int vmMebibytes, int fillMebibytes, int downtimeLimitMillis, String link) {
    Options {
      if (repetitions < 1 || downtimeLimitMillis < 1 || fillMebibytes < 1) {
        throw new IllegalArgumentException("repetitions, downtime and fill must be 1 or more");
      }
      if (fillMebibytes * MEMCACHED_PER_VALUE_BYTE > vmMebibytes * 0.8) {
        throw new IllegalArgumentException(
            fillMebibytes + " MiB of values do not fit a guest of " + vmMebibytes + " MiB");
      }
    }

    GuestOptions guest() {
      return GuestOptions.idle().withMemcached((int) (fillMebibytes * MEMCACHED_PER_VALUE_BYTE));
    }

    LabPlan plan() {
      long whole = (vmMebibytes + 256L) << 20;
      long half = (vmMebibytes / 2 + 128L) << 20;
      return LabPlan.of(
          List.of(whole, whole, half, half), LinkRate.parse(link), LabPlan.DEFAULT_MTU);
    }
  }

  private final Options options;
  private final Lab lab;
  private final GuestImage image;
  private final Consumer<String> progress;

  private MigrationBench(Options options, Lab lab, GuestImage image, Consumer<String> progress) {
    this.options = options;
    this.lab = lab;
    this.image = image;
    this.progress = progress;
  }

  /**
   * Makes a lab, measures, and removes the lab.
   *
   * @param progress is told what happens
   * @throws LabException when a part does not start, or a split guest answered wrongly
   */
  static MigrationFigures run(Options options, Consumer<String> progress)
      throws OperationException {
    GuestImage image = GuestImage.get();
    try (Lab lab = Lab.up(options.plan())) {
      MigrationBench bench = new MigrationBench(options, lab, image, progress);
      List<MigrationFigures.Case> cases =
          List.of(bench.measure("idle", false), bench.measure("loaded", true));
      return new MigrationFigures(
          (long) options.vmMebibytes() << 20, (long) options.fillMebibytes() << 20, cases);
    }
  }

  private MigrationFigures.Case measure(String name, boolean loaded) throws OperationException {
    List<MigrationSample> ours = new ArrayList<>();
    List<MigrationSample> stock = new ArrayList<>();
    for (int i = 1; i <= options.repetitions(); i++) {
      ours.add(one(name + " " + i + ", split", new SplitSide(lab, image, options), loaded));
      stock.add(one(name + " " + i + ", stock", new StockSide(lab, image, options), loaded));
    }
    return MigrationFigures.Case.of(name, ours, stock);
  }

  private MigrationSample one(String name, MigrationSide side, boolean loaded)
      throws OperationException {
    try (side) {
      side.boot();
      lab.client().guest().awaitReady(BOOT);
      LoadPlan plan =
          LoadPlan.of(lab.client().guest().address(), (long) options.fillMebibytes() << 20);
      try (RunningLoad load = lab.client().startLoad(plan)) {
        load.awaitFilled(FILL);
        if (!loaded) {
          load.stop();
        }
        pause();
        MigrationSample sample = side.migrate();
        double gap = loaded ? side.clientGapMillis(load) : 0;
        progress.accept(
            "%s: total %.2f s, set-up %.2f s, downtime %.0f ms, gap at client %.0f ms"
                .formatted(
                    name,
                    sample.totalMillis() / 1e3,
                    sample.setUpMillis() / 1e3,
                    sample.downtimeMillis(),
                    gap));
        return new MigrationSample(
            sample.totalMillis(),
            sample.setUpMillis(),
            sample.downtimeMillis(),
            sample.bytes(),
            sample.rounds(),
            gap);
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(SETTLE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while the load settles", e);
    }
  }
}
