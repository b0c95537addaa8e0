package org.smemv.bench;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.lab.GuestImage;
import org.smemv.lab.HostPlan;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LoadSummary;
import org.smemv.lab.RunningLoad;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ApiClient;
import org.smemv.node.api.HostEntry;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.NetRequest;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;

/** S-memV: half of the memory to a main host, the rest to two sub-hosts. */
final class SplitSide implements MigrationSide {
  private static final String NAME = "split";
  private static final NetRequest NET = new NetRequest("br0", "52:54:00:4d:56:01");
  private static final Duration TIMEOUT = Duration.ofMinutes(3);
  private static final long POLL_MILLIS = 20;

  private final GuestImage image;
  private final MigrationBench.Options options;
  private final ApiClient source;
  private final ApiClient target;
  private @Nullable ApiClient runsAt;

  SplitSide(Lab lab, GuestImage image, MigrationBench.Options options) {
    this.image = image;
    this.options = options;
    this.source = agent(lab.host("h1").plan());
    this.target = agent(lab.host("h2").plan());
  }

  private static ApiClient agent(HostPlan host) {
    return new ApiClient(
        new HostEntry(host.name(), host.api(), HostsFile.address("data", host.data())));
  }

  @Override
  public void boot() throws OperationException {
    var _ =
        source.start(
            new StartVm(
                NAME,
                (long) options.vmMebibytes() << 20,
                1,
                NET,
                null,
                image.kernel().toString(),
                image.initrd().toString(),
                options.guest().commandLine(),
                null,
                List.of()));
    runsAt = source;
  }

  @Override
  public MigrationSample migrate() throws OperationException {
    long begin = System.nanoTime();
    MigrationReport report =
        source.migrate(
            NAME,
            new MigrateVm(
                "h2",
                (long) options.vmMebibytes() << 19,
                List.of(new SubShare("h3", 0), new SubShare("h4", 0)),
                MigrationMode.PRECOPY,
                options.downtimeLimitMillis(),
                0,
                TIMEOUT.toSeconds(),
                TimeoutAction.ABORT,
                false));
    while (!report.state().isOverOrStalled()) {
      if (System.nanoTime() - begin > 2 * TIMEOUT.toNanos()) {
        throw new LabException("the split migration does not end: " + report);
      }
      pause();
      report = source.migration(report.id());
    }
    if (report.state() != MigrationState.DONE) {
      throw new LabException("the split migration is " + report.state() + ": " + report.reason());
    }
    runsAt = target;
    return new MigrationSample(
        report.totalTimeMillis(),
        report.setupTimeMillis(),
        report.downtimeMillis(),
        report.ram().transferred(),
        report.ram().dirtySyncCount(),
        0);
  }

  @Override
  public double clientGapMillis(RunningLoad load) {
    pause();
    LoadSummary summary = load.stop();
    if (summary.errors() > 0) {
      throw new LabException("the client saw errors: " + summary.descriptions());
    }
    return summary.longestGapMillis();
  }

  private static void pause() {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while a VM migrates", e);
    }
  }

  @Override
  public void close() throws OperationException {
    if (runsAt != null) {
      runsAt.stop(NAME);
    }
  }
}
