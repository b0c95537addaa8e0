package org.smemv.lab.demo;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.smemv.lab.GuestImage;
import org.smemv.lab.GuestOptions;
import org.smemv.lab.LabPlan;
import org.smemv.lab.LoadPlan;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;

/** What the tour consists of: a VM, and everything that is done with it, in order. */
final class TourPlan {
  /**
   * One thing that is done.
   *
   * @param title what it is, for people
   * @param at the host that the VM runs on before
   */
  record Step(String title, String at, MigrateVm request) {
    /** Where the VM runs afterwards. */
    String to() {
      return request.mainHost();
    }
  }

  static final String VM = "tour";
  static final String HOME = "h1";
  static final long VM_BYTES = mebibytes(384);
  static final Duration BETWEEN = Duration.ofSeconds(2);

  private static final long HALF = VM_BYTES / 2;
  private static final long THIRD = VM_BYTES / 3;
  private static final long FILL_BYTES = mebibytes(160);
  private static final int MEMCACHED_MEBIBYTES = 212;
  private static final long STRESS_BYTES = mebibytes(8);
  private static final int CONNECTIONS = 8;
  private static final int SECONDS_MAX = 90;
  private static final int DOWNTIME_LIMIT_MILLIS = 300;

  private TourPlan() {}

  private static long mebibytes(long number) {
    return number << 20;
  }

  static LabPlan lab() {
    List<String> capacities = List.of("512M", "512M", "256M", "256M", "256M", "256M");
    return LabPlan.of(capacities.size(), capacities, "1gbit", LabPlan.DEFAULT_MTU);
  }

  static StartVm vm(GuestImage image) {
    GuestOptions guest =
        GuestOptions.idle().withMemcached(MEMCACHED_MEBIBYTES).withStress(STRESS_BYTES);
    return DemoPlan.vm(VM, VM_BYTES, "52:54:00:4d:56:02", image, guest);
  }

  static LoadPlan load(String server) {
    return LoadPlan.of(server, FILL_BYTES).withConnections(CONNECTIONS);
  }

  static List<Step> steps() {
    return List.of(
        new Step("split to h2 with half of it, h3 and h4", HOME, move("h2", HALF, "h3", "h4")),
        new Step("drain h3 to h5, while it runs", "h2", place("h2", HALF, "h4", "h5")),
        new Step("main part to h6; h4 and h5 keep theirs", "h2", move("h6", HALF)),
        new Step("spill more of it to h3", "h6", place("h6", THIRD, "h3", "h4", "h5")),
        new Step("merge on h1", "h6", move(HOME, VM_BYTES)),
        new Step(
            "to h2 by post-copy", HOME, move(MigrationMode.POSTCOPY, SECONDS_MAX, "h2", VM_BYTES)));
  }

  private static MigrateVm move(String main, long mainBytes, String... subs) {
    return move(MigrationMode.PRECOPY, SECONDS_MAX, main, mainBytes, subs);
  }

  /** Without a move of the body nothing stops, so there is nothing to give up in time. */
  private static MigrateVm place(String main, long mainBytes, String... subs) {
    return move(MigrationMode.PRECOPY, 0, main, mainBytes, subs);
  }

  private static MigrateVm move(
      MigrationMode mode, long seconds, String main, long mainBytes, String... subs) {
    return new MigrateVm(
        main,
        mainBytes,
        Arrays.stream(subs).map(host -> new SubShare(host, 0)).toList(),
        mode,
        DOWNTIME_LIMIT_MILLIS,
        0,
        seconds,
        TimeoutAction.ABORT,
        false);
  }
}
