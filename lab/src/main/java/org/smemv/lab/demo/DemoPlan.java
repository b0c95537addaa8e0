package org.smemv.lab.demo;

import java.time.Duration;
import java.util.List;
import org.smemv.lab.GuestImage;
import org.smemv.lab.GuestOptions;
import org.smemv.lab.LabPlan;
import org.smemv.lab.LoadPlan;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.NetRequest;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;

/** What the demo consists of, in numbers. */
final class DemoPlan {
  static final String VM = "demo";
  static final String SOURCE = "h1";
  static final String MAIN = "h2";
  static final List<String> SUBS = List.of("h3", "h4");

  static final long VM_BYTES = mebibytes(1024);
  static final long MAIN_BYTES = mebibytes(512);

  /** 503 MB of values; memcached needs a fifth more than that, for their keys and its slabs. */
  static final long FILL_BYTES = mebibytes(480);

  static final int MEMCACHED_MEBIBYTES = 640;

  /**
   * All of it is written again in each round, so it stands for the pages that are left at the end:
   * within the downtime limit, a link of 1 Gbit/s carries 35 MB.
   */
  static final long STRESS_BYTES = mebibytes(16);

  static final long DOWNTIME_LIMIT_MILLIS = 300;
  static final Duration BEFORE = Duration.ofSeconds(8);
  static final Duration AFTER = Duration.ofSeconds(25);

  /** The part of {@link #AFTER} that is left out of the throughput after, as things settle. */
  static final Duration SETTLING = Duration.ofSeconds(2);

  static final Duration BOOT_MAX = Duration.ofMinutes(1);
  static final Duration FILL_MAX = Duration.ofMinutes(2);

  /** In seconds; a migration that takes longer has failed, and the VM stays where it was. */
  static final long MIGRATION_SECONDS_MAX = 90;

  private static final String MAC = "52:54:00:4d:56:01";
  private static final int CONNECTIONS = 16;

  private DemoPlan() {}

  private static long mebibytes(long number) {
    return number << 20;
  }

  static LabPlan lab() {
    List<String> capacities = List.of("1536M", "768M", "768M", "768M");
    return LabPlan.of(capacities.size(), capacities, "1gbit", LabPlan.DEFAULT_MTU);
  }

  static StartVm vm(GuestImage image) {
    GuestOptions guest =
        GuestOptions.idle().withMemcached(MEMCACHED_MEBIBYTES).withStress(STRESS_BYTES);
    return vm(VM, VM_BYTES, MAC, image, guest);
  }

  static StartVm vm(String name, long bytes, String mac, GuestImage image, GuestOptions guest) {
    return new StartVm(
        name,
        bytes,
        1,
        new NetRequest(LabPlan.BRIDGE, mac),
        null,
        image.kernel().toString(),
        image.initrd().toString(),
        guest.commandLine(),
        null,
        null);
  }

  /** The paper's mixture, 0.6 sets to 0.4 gets. */
  static LoadPlan load(String server) {
    return LoadPlan.of(server, FILL_BYTES).withConnections(CONNECTIONS);
  }

  static MigrateVm migration() {
    return new MigrateVm(
        MAIN,
        MAIN_BYTES,
        SUBS.stream().map(host -> new SubShare(host, 0)).toList(),
        MigrationMode.PRECOPY,
        DOWNTIME_LIMIT_MILLIS,
        0,
        MIGRATION_SECONDS_MAX,
        TimeoutAction.ABORT,
        false);
  }
}
