package org.smemv.bench;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.smemv.lab.GuestImage;
import org.smemv.lab.GuestOptions;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LabPlan;
import org.smemv.lab.LoadPlan;
import org.smemv.lab.LoadSummary;
import org.smemv.lab.RunningLoad;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.NetRequest;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import org.smemv.node.api.VmReport;

/** A VM of S-memV in a lab that is moved about. One thread. */
final class BenchVm implements AutoCloseable {
  private static final String NAME = "vm";

  /** What the guest needs beside memcached. */
  private static final int GUEST_MEBIBYTES = 128;

  /** Of what is left, what memcached may have. */
  private static final double MEMCACHED = 0.8;

  /** The values in memcached and what it needs beside them. */
  private static final double MEMCACHED_PER_VALUE_BYTE = 1.25;

  private static final NetRequest NET = new NetRequest(LabPlan.BRIDGE, "52:54:00:4d:56:01");
  static final Duration BOOTS = Duration.ofSeconds(60);
  static final Duration FILLS = Duration.ofMinutes(10);
  private static final Duration TIMEOUT = Duration.ofMinutes(3);
  private static final int DOWNTIME_LIMIT_MILLIS = 50;
  private static final long POLL_MILLIS = 50;

  private final Lab lab;
  private final int memcachedMebibytes;
  private String host;

  /** Starts a VM with one CPU, and memcached in most of its memory. */
  BenchVm(Lab lab, String host, int mebibytes, GuestImage image) throws OperationException {
    this.lab = lab;
    this.host = host;
    this.memcachedMebibytes = (int) ((mebibytes - GUEST_MEBIBYTES) * MEMCACHED);
    GuestOptions guest = GuestOptions.idle().withMemcached(memcachedMebibytes);
    var _ =
        lab.operations(host)
            .start(
                new StartVm(
                    NAME,
                    (long) mebibytes << 20,
                    1,
                    NET,
                    null,
                    image.kernel().toString(),
                    image.initrd().toString(),
                    guest.commandLine(),
                    null,
                    List.of()));
  }

  /** Bytes of values that fit its memcached. */
  long fillBytes() {
    return (long) (memcachedMebibytes / MEMCACHED_PER_VALUE_BYTE * (1 << 20));
  }

  /**
   * Waits for the guest and fills its memcached, and leaves it idle.
   *
   * @return how it was filled, for a load on the same values
   * @throws LabException when the guest answered wrongly
   */
  LoadPlan fill() {
    lab.client().guest().awaitReady(BOOTS);
    LoadPlan plan = LoadPlan.of(lab.client().guest().address(), fillBytes());
    try (RunningLoad load = lab.client().startLoad(plan)) {
      load.awaitFilled(FILLS);
      end(load);
    }
    return plan;
  }

  /** Ends a load that must have seen no error. */
  static void end(RunningLoad load) {
    LoadSummary summary = load.stop();
    if (summary.errors() > 0) {
      throw new LabException("the client saw errors: " + summary.descriptions());
    }
  }

  /** How its main host sees it. */
  VmReport report() throws OperationException {
    return lab.operations(host).vm(NAME);
  }

  /**
   * Moves it, and waits until nothing of it is on its way.
   *
   * @param mainBytes for the main host; 0 for all of it
   * @param subs the sub-hosts, whose shares are chosen
   * @param settling is told now and then how the new main host sees it, while pages still come from
   *     the host that it left
   * @throws LabException when it does not end well
   */
  MigrationReport move(
      MigrationMode mode,
      String main,
      long mainBytes,
      List<String> subs,
      Consumer<VmReport> settling)
      throws OperationException {
    List<SubShare> shares = subs.stream().map(sub -> new SubShare(sub, 0)).toList();
    return move(request(mode, main, mainBytes, shares), settling);
  }

  /** The same, with the sizes of all shares. */
  MigrationReport place(String main, long mainBytes, List<SubShare> shares)
      throws OperationException {
    return move(request(MigrationMode.PRECOPY, main, mainBytes, shares), _ -> {});
  }

  private MigrationReport move(MigrateVm request, Consumer<VmReport> settling)
      throws OperationException {
    String main = request.mainHost();
    HostOperations source = lab.operations(host);
    String left = host;
    long begin = System.nanoTime();
    MigrationReport report = source.migrate(NAME, request);
    while (!report.state().isOverOrStalled()) {
      if (System.nanoTime() - begin > 2 * TIMEOUT.toNanos()) {
        throw new LabException("a migration does not end: " + report);
      }
      pause(POLL_MILLIS);
      report = source.migration(report.id());
      if (report.state() == MigrationState.SETTLE) {
        tellOfSettling(main, left, settling);
      }
    }
    if (report.state() != MigrationState.DONE) {
      throw new LabException("the migration is " + report.state() + ": " + report.reason());
    }
    host = main;
    return report;
  }

  private void tellOfSettling(String main, String left, Consumer<VmReport> settling)
      throws OperationException {
    VmReport there = lab.operations(main).vm(NAME);
    if (there.subs().stream().anyMatch(sub -> sub.host().equals(left))) {
      settling.accept(there);
    }
  }

  private static MigrateVm request(
      MigrationMode mode, String main, long mainBytes, List<SubShare> shares) {
    return new MigrateVm(
        main,
        mainBytes,
        shares,
        mode,
        DOWNTIME_LIMIT_MILLIS,
        0,
        TIMEOUT.toSeconds(),
        TimeoutAction.ABORT,
        false);
  }

  /** Lets time pass. */
  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted in the middle of a benchmark", e);
    }
  }

  @Override
  public void close() throws OperationException {
    lab.operations(host).stop(NAME);
  }
}
