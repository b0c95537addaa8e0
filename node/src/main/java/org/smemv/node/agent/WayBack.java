package org.smemv.node.agent;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.node.qemu.QemuBody;

/**
 * The way of one VM back to running here, after a migration that came to nothing: its record says
 * that it is here, QEMU forgets the migration and runs. Tried until it is done. Any thread.
 */
final class WayBack {
  private static final Logger log = LoggerFactory.getLogger(WayBack.class);
  private static final List<String> UNDER_WAY =
      List.of("setup", "active", "pre-switchover", "device");
  private static final List<String> ENDED = List.of("cancelled", "failed", "completed", "none", "");

  /** Makes the record say that the VM is here. */
  interface Stay {
    void here() throws IOException;
  }

  private final QemuBody body;
  private final Stay stay;
  private volatile @Nullable String reason;

  WayBack(QemuBody body, Stay stay) {
    this.body = body;
    this.stay = stay;
  }

  /** Why the VM does not run yet; null when this has nothing to do with it. */
  @Nullable String reason() {
    return reason;
  }

  /** Goes it now and, while that fails and QEMU lives, again every second. */
  void go() {
    reason = tryOnce();
    if (reason != null) {
      EachSecond.until("come-back-" + body.name(), this::isOver);
    }
  }

  private boolean isOver() {
    if (body.process().isAlive()) {
      reason = tryOnce();
      return reason == null;
    }
    return true;
  }

  private @Nullable String tryOnce() {
    try {
      stay.here();
      comeBack();
      return null;
    } catch (IOException | RuntimeException e) {
      log.warn("VM {}: does not run yet: {}", body.name(), e.getMessage());
      return "it does not run yet: " + e.getMessage();
    }
  }

  private void comeBack() throws IOException {
    if (UNDER_WAY.contains(migrationStatus(body))) {
      body.qmp().execute("migrate_cancel", HostedVm.MONITOR);
      awaitMigrationEnd();
    }
    String runState = body.qmp().execute("query-status", HostedVm.MONITOR).path("status").asText();
    if (!runState.equals("running") && !runState.equals("paused")) {
      log.info("VM {}: QEMU is {}, letting it run", body.name(), runState);
      body.qmp().execute("cont", HostedVm.MONITOR);
    }
  }

  private void awaitMigrationEnd() throws IOException {
    long deadline = System.nanoTime() + HostedVm.MONITOR.toNanos();
    while (!ENDED.contains(migrationStatus(body))) {
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "VM " + body.name() + ": QEMU does not end its migration: " + migrationStatus(body));
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while QEMU ends its migration", e);
      }
    }
  }

  /** What QEMU says of its own migration; empty when there was none. */
  static String migrationStatus(QemuBody body) throws IOException {
    return body.qmp().execute("query-migrate", HostedVm.MONITOR).path("status").asText("");
  }
}
